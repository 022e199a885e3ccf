import { Card, Group, Text, ThemeIcon, Title } from "@mantine/core";
import { type ReactNode, type SyntheticEvent, useState } from "react";

import type { FileItem, ImageItem, Item, TextItem, VideoItem } from "../api/types";
import { type Consume, stretchesOf, useSeen } from "../progress/consume";
import { fileSize } from "../time";
import { Icon } from "../ui/icons";
import { Markdown } from "../ui/Markdown";
import classes from "./items.module.css";

interface ViewProps<T> {
  item: T;
  consume: Consume | undefined;
}

function TextView({ item, consume }: ViewProps<TextItem>) {
  const end = useSeen<HTMLDivElement>(item.id, consume);
  return (
    <>
      <Markdown source={item.body} />
      <div ref={end} className={classes.end} />
    </>
  );
}

function ImageView({ item, consume }: ViewProps<ImageItem>) {
  const [isLoaded, setLoaded] = useState(false);
  const image = useSeen<HTMLImageElement>(item.id, isLoaded ? consume : undefined);
  return (
    <figure className={classes.figure}>
      <img
        ref={image}
        src={item.url}
        alt={item.alt}
        loading="lazy"
        className={classes.media}
        onLoad={() => {
          setLoaded(true);
        }}
      />
    </figure>
  );
}

function VideoView({ item, consume }: ViewProps<VideoItem>) {
  const played = ({ currentTarget }: SyntheticEvent<HTMLVideoElement>): void => {
    consume?.(item.id, stretchesOf(currentTarget.played));
  };
  return (
    <video
      controls
      playsInline
      preload="metadata"
      aria-label={item.title}
      className={classes.media}
      onTimeUpdate={played}
      onPause={played}
      onEnded={played}
    >
      <source src={item.url} />
      {item.captions && <track kind="captions" src={item.captions} srcLang="en" label="Captions" default />}
      Your browser can’t play this video. <a href={item.url}>Download it</a> instead.
    </video>
  );
}

function FileView({ item }: { item: FileItem }) {
  return (
    <Card padding="sm" className={classes.file}>
      <Group wrap="nowrap">
        <ThemeIcon variant="light" size="lg">
          <Icon name="file" />
        </ThemeIcon>
        <div className={classes.fileName}>
          <a href={item.url} download={item.name} className={classes.download}>
            {item.name}
          </a>
          <Text size="sm" c="dimmed">
            {item.size === null ? "This file is missing" : fileSize(item.size)}
          </Text>
        </div>
        <Icon name="download" />
      </Group>
    </Card>
  );
}

function body(item: Item, consume: Consume | undefined): ReactNode {
  switch (item.kind) {
    case "text":
      return <TextView item={item} consume={consume} />;
    case "image":
      return <ImageView item={item} consume={consume} />;
    case "video":
      return <VideoView item={item} consume={consume} />;
    case "file":
      return <FileView item={item} />;
  }
}

interface ItemProps {
  item: Item;
  /** The content's title, which needs no repeating. */
  page: string;
  /** Told of what is read, seen and played, where that completes the content. */
  consume?: Consume | undefined;
}

/** One item of a content: a text, an image, a video or a file. */
export function ItemView({ item, page, consume }: ItemProps) {
  return (
    <section className={classes.item}>
      {item.title && item.title !== page && (
        <Title order={2} size="h4" mb="xs">
          {item.title}
        </Title>
      )}
      {body(item, consume)}
    </section>
  );
}
