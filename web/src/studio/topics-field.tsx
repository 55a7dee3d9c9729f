/** Topics: typed with commas or Enter between, each to be taken away again. One that was only typed goes along, too. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Field } from "./parts";
import type { Draft } from "./plan";
import { MOST_TOPICS, takeTopics, type TopicRefusal } from "./topics";
import { useWords } from "./words";

type Topics = Pick<Draft, "topics" | "topicText">;

interface Props {
  draft: Topics;
  onChange: (change: Partial<Topics>) => void;
}

export function TopicsField({ draft: { topics, topicText }, onChange }: Props): JSX.Element {
  const words = useWords();
  const [refused, setRefused] = useState<TopicRefusal | null>(null);
  const add = (): void => {
    const typed = takeTopics(topics, topicText);
    setRefused(typed.refused);
    onChange({ topics: typed.topics, topicText: typed.rest });
  };
  return (
    <div class="field">
      <Field label={`${words.topics} (${words.optional})`} hint={words.topicsHint}>
        {(id, hint) => (
          <div class="copy">
            <input
              id={id} aria-describedby={hint} data-testid="topic" value={topicText} maxLength={200} enterkeyhint="done" aria-invalid={refused !== null}
              onInput={({ currentTarget }) => onChange({ topicText: currentTarget.value })}
              onKeyDown={(event) => {
                if (event.isComposing || (event.key !== "Enter" && event.key !== ",")) return;
                event.preventDefault();
                add();
              }}
            />
            <button type="button" class="button" data-testid="topic-add" disabled={topics.length >= MOST_TOPICS} onClick={add}>
              {words.topicAdd}
            </button>
          </div>
        )}
      </Field>
      {refused !== null && <p class="small problem" role="alert">{words.topicRefused[refused]}</p>}
      {topics.length > 0 && (
        <ul class="chips" data-testid="topics">
          {topics.map((topic) => (
            <li key={topic} class="chip">
              <span dir="auto">{topic}</span>
              <button
                type="button" class="button button-quiet button-chip" aria-label={words.topicRemove(topic)}
                onClick={() => {
                  setRefused(null);
                  onChange({ topics: topics.filter((other) => other !== topic) });
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
