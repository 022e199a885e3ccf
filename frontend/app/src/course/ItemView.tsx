import { Card, Group, Text, ThemeIcon, Title } from "@mantine/core";
import type { ReactNode } from "react";

import type { FileItem, ImageItem, Item, VideoItem } from "../api/types";
import { fileSize } from "../time";
import { Icon } from "../ui/icons";
import { Markdown } from "../ui/Markdown";
import classes from "./items.module.css";

function ImageView({ item }: { item: ImageItem }) {
  return (
    <figure className={classes.figure}>
      <img src={item.url} alt={item.alt} loading="lazy" className={classes.media} />
    </figure>
  );
}

function VideoView({ item }: { item: VideoItem }) {
  return (
    <video controls playsInline preload="metadata" aria-label={item.title} className={classes.media}>
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

function body(item: Item): ReactNode {
  switch (item.kind) {
    case "text":
      return <Markdown source={item.body} />;
    case "image":
      return <ImageView item={item} />;
    case "video":
      return <VideoView item={item} />;
    case "file":
      return <FileView item={item} />;
  }
}

/** One item of a content: a text, an image, a video or a file. `page`: the content's title, which needs no repeating. */
export function ItemView({ item, page }: { item: Item; page: string }) {
  return (
    <section className={classes.item}>
      {item.title && item.title !== page && (
        <Title order={2} size="h4" mb="xs">
          {item.title}
        </Title>
      )}
      {body(item)}
    </section>
  );
}
