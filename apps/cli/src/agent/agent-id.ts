/** Whether a text is the number of an identity, and no name or address. */
export const isAgentId = (text: string): boolean => /^\d{1,20}$/.test(text);
