import { Alert, Button, Card, Text } from "@mantine/core";
import type { LiveSession, SessionState } from "@studybeat/sdk";

import { useStore } from "./client";
import { Connection } from "./Connection";
import { Figure } from "./Figure";
import classes from "./live.module.css";
import { Pulse } from "./Pulse";
import { Saved } from "./Saved";
import { TimeBar } from "./TimeBar";
import { hintOf, noticeOf, nowWords } from "./words";

interface LivePanelProps {
  /** Null until it is opened, and in a preview. */
  session: LiveSession | null;
  isRecorded: boolean;
  begin: () => void;
}

/** Where the time goes: the very numbers that the server has acknowledged, and how sure of them we are. */
export function LivePanel({ session, isRecorded, begin }: LivePanelProps) {
  return (
    <Card className={classes.panel} padding={0} data-testid="live-panel">
      {session && <Live session={session} begin={begin} />}
      {!isRecorded && (
        <Text size="sm" c="dimmed" p="md">
          This is a preview: no time is recorded.
        </Text>
      )}
    </Card>
  );
}

function Live({ session, begin }: { session: LiveSession; begin: () => void }) {
  const state = useStore(session.store);
  const { acked, phase } = state;
  const isRunning = phase === "opening" || phase === "live";
  const hint = hintOf(state);
  return (
    <>
      <TimeBar acked={acked} />
      <div className={classes.now}>
        <span data-testid="live-state" data-state={state.activity} data-phase={phase} className={classes.state}>
          {nowWords(state)}
        </span>
        <Pulse key={acked.seq} isBeating={phase === "live" && acked.seq > 0} state={state.activity} />
      </div>
      <dl className={classes.figures}>
        <Figure name="focus" label="In focus" ms={acked.focus_ms} />
        <Figure name="engaged" label="Engaged" ms={acked.engaged_ms} />
        <Figure name="idle" label="Away" ms={acked.idle_ms} />
        {acked.unknown_ms > 0 && <Figure name="unknown" label="Not known" ms={acked.unknown_ms} />}
      </dl>
      <p className={classes.note}>Engaged time is part of the time in focus.</p>
      {isRunning ? (
        <div className={classes.foot}>
          <Connection />
          <Saved state={state} />
          {hint && (
            <Text size="sm" c="dimmed" role="status">
              {hint}
            </Text>
          )}
        </div>
      ) : (
        <Ended state={state} begin={begin} />
      )}
    </>
  );
}

function Ended({ state, begin }: { state: SessionState; begin: () => void }) {
  const notice = noticeOf(state);
  if (!notice) return null;
  return (
    <Alert
      role="alert"
      title={notice.title}
      classNames={{ root: classes.notice ?? "", title: classes.noticeTitle ?? "" }}
      data-testid="live-notice"
      data-reason={state.reason ?? undefined}
    >
      {notice.text}
      {notice.again && (
        <Button size="xs" mt="xs" display="block" onClick={begin}>
          {notice.again}
        </Button>
      )}
    </Alert>
  );
}
