/** Topics: typed with commas or Enter between, each to be taken away again. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Field } from "./parts";
import { MOST_TOPICS, takeTopics, type TopicRefusal } from "./topics";
import { useWords } from "./words";

export function TopicsField({ value, onChange }: { value: string[]; onChange: (value: string[]) => void }): JSX.Element {
  const words = useWords();
  const [text, setText] = useState("");
  const [refused, setRefused] = useState<TopicRefusal | null>(null);
  const add = (): void => {
    const typed = takeTopics(value, text);
    if (typed.topics.length > value.length) onChange(typed.topics);
    setRefused(typed.refused);
    setText(typed.rest);
  };
  return (
    <div class="field">
      <Field label={`${words.topics} (${words.optional})`} hint={words.topicsHint}>
        {(id, hint) => (
          <div class="copy">
            <input
              id={id} aria-describedby={hint} data-testid="topic" value={text} maxLength={200} enterkeyhint="done" aria-invalid={refused !== null}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
              onBlur={add}
              onKeyDown={(event) => {
                if (event.isComposing || (event.key !== "Enter" && event.key !== ",")) return;
                event.preventDefault();
                add();
              }}
            />
            <button type="button" class="button" data-testid="topic-add" disabled={value.length >= MOST_TOPICS} onClick={add}>
              {words.topicAdd}
            </button>
          </div>
        )}
      </Field>
      {refused !== null && <p class="small problem" role="alert">{words.topicRefused[refused]}</p>}
      {value.length > 0 && (
        <ul class="chips" data-testid="topics">
          {value.map((topic) => (
            <li key={topic} class="chip">
              <span dir="auto">{topic}</span>
              <button
                type="button" class="button button-quiet button-chip" aria-label={words.topicRemove(topic)}
                onClick={() => {
                  setRefused(null);
                  onChange(value.filter((other) => other !== topic));
                }}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
