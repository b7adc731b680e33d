import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText } from '../format/text.ts';
import { FailureNotice, Notice } from '../parts/notices.tsx';
import { PastTasks } from '../parts/past-tasks.tsx';
import { Title } from '../parts/shell.tsx';
import { TaskList } from '../parts/task-list.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { now, readOnly } from '../state/node.ts';

/** Every task that the node follows, and those that it did not join. */
export function Tasks({ api }: { api: Api }) {
  const { data, failure } = useLoad(() => api.tasks(), 'tasks');
  const { data: list } = useLoad(() => api.lastRounds(), 'last rounds');
  return (
    <>
      <Title>Tasks</Title>
      <FailureNotice failure={failure} />
      {readOnly && <TaskByNumber />}
      {data?.tasks.length === 0 && <p class="quiet">The node follows no task now.</p>}
      {data && <TaskList tasks={data.tasks} />}
      {data && list && <PastTasks rounds={list.rounds} tasks={data.tasks} />}
      {data && data.refused.length > 0 && (
        <section>
          <h2>Seen and not joined</h2>
          {data.refused.map(({ taskId, code, message, hint, at }) => (
            <Notice key={taskId} message={`Task ${taskId}: ${message}`} code={code} hint={hint}>
              <small class="quiet">{agoText(at, now.value)}</small>
            </Notice>
          ))}
        </section>
      )}
    </>
  );
}

/** The way to a task that this node does not follow. */
function TaskByNumber() {
  const [text, setText] = useState('');
  const isNumber = /^\d{1,20}$/.test(text);
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (isNumber) location.hash = hrefOf({ page: 'task', task: text });
      }}
    >
      <label>
        <span>Any task of the chain, by its number</span>
        <input
          type="search"
          inputMode="numeric"
          maxLength={20}
          value={text}
          onInput={(event) => setText(event.currentTarget.value.trim())}
        />
      </label>
      <button type="submit" disabled={!isNumber}>
        Show
      </button>
    </form>
  );
}
