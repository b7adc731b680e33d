import type { CallToolResult } from '@modelcontextprotocol/client';

/** What a tool answered, as text: images and sounds are named to a model of text, and not shown. */
export function toolText({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((block) => {
    switch (block.type) {
      case 'text':
        return block.text;
      case 'image':
      case 'audio':
        return `(${block.type}, ${block.mimeType}: not shown)`;
      case 'resource':
        return 'text' in block.resource ? block.resource.text : `(file, ${block.resource.uri}: not shown)`;
      case 'resource_link':
        return `${block.name}: ${block.uri}`;
      default:
        return '';
    }
  });
  const text = parts.filter((part) => part !== '').join('\n');
  return text === '' && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
}
