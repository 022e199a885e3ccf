import { Button, Center, Skeleton, Stack, Text, ThemeIcon, VisuallyHidden } from "@mantine/core";
import type { NotificationFrame } from "@studybeat/sdk";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "react-router";

import { inboxQuery } from "../api/queries";
import { useClient, useStore } from "../live/client";
import { ago } from "../time";
import { Icon } from "../ui/icons";
import { Failure, Message } from "../ui/states";
import { useNow } from "../ui/useNow";
import { isOutside, markOf, pathOf } from "./about";
import classes from "./inbox.module.css";

/** So many more at a time; the server gives them in far longer pages. */
const STEP = 20;

interface RowProps {
  notification: NotificationFrame;
  now: number;
  isNew: boolean;
  onFollow: () => void;
}

function Row({ notification, now, isNew, onFollow }: RowProps) {
  const { kind, title, body, created_at } = notification;
  const { icon, color } = markOf(kind);
  const path = pathOf(notification);
  return (
    <li className={classes.row} data-new={isNew || undefined} data-testid="notification" data-kind={kind}>
      <ThemeIcon variant="light" color={color} size={34} radius="xl">
        <Icon name={icon} size={18} />
      </ThemeIcon>
      <div className={classes.words}>
        <Text fw={isNew ? 700 : 500} lh={1.35}>
          {path ? (
            <Link to={path} reloadDocument={isOutside(path)} className={classes.link} onClick={onFollow}>
              {title}
            </Link>
          ) : (
            title
          )}
          {isNew && <VisuallyHidden> (new)</VisuallyHidden>}
        </Text>
        {body && (
          <Text size="sm" c="dimmed" className={classes.body}>
            {body}
          </Text>
        )}
        <Text size="xs" c="dimmed" component="time" dateTime={created_at}>
          {ago(created_at, now)}
        </Text>
      </div>
      {isNew && <span aria-hidden="true" className={classes.dot} />}
    </li>
  );
}

/** The notifications, newest first. As long as they are on the page they are seen, on all devices. */
export function Inbox({ onFollow }: { onFollow: () => void }) {
  const client = useClient();
  const { head, seen } = useStore(client.news);
  /** What was seen before this was opened: what is new stays marked while one reads. */
  const [seenBefore] = useState(seen);
  const [shown, setShown] = useState(STEP);
  const inbox = useInfiniteQuery(inboxQuery);
  const now = useNow(30_000);
  const { hasNextPage, isFetching, fetchNextPage } = inbox;
  const read = inbox.data?.pages.flatMap((page) => [...page.results].reverse()) ?? [];
  const newest = read[0]?.number ?? 0;
  const isShort = inbox.isSuccess && hasNextPage && read.length < shown;

  useEffect(() => {
    if (Math.min(newest, head) > seen) client.see(newest);
  }, [client, newest, head, seen]);
  useEffect(() => {
    if (isShort && !isFetching) void fetchNextPage();
  }, [isShort, isFetching, fetchNextPage]);

  if (inbox.isPending) {
    return (
      <Stack aria-busy="true">
        {[1, 2, 3].map((line) => (
          <Skeleton key={line} height={64} />
        ))}
      </Stack>
    );
  }
  if (!inbox.data) return <Failure error={inbox.error} retry={inbox.refetch} />;
  if (read.length === 0) {
    return (
      <Message title="Nothing here yet">
        When a seat is kept for you, a request is answered or a course has news, you find it here.
      </Message>
    );
  }
  return (
    <>
      <ul className={classes.list}>
        {read.slice(0, shown).map((notification) => (
          <Row
            key={notification.number}
            notification={notification}
            now={now}
            isNew={notification.number > seenBefore}
            onFollow={onFollow}
          />
        ))}
      </ul>
      {(hasNextPage || read.length > shown) && (
        <Center mt="md">
          <Button
            variant="default"
            loading={isShort}
            onClick={() => {
              setShown((before) => before + STEP);
            }}
          >
            Show earlier
          </Button>
        </Center>
      )}
    </>
  );
}
