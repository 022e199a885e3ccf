import type { Item } from "../api/types";

/** What is to be done with an item, for its content to complete itself. */
export function needOf(item: Item): string {
  const name = item.title && `“${item.title}”`;
  switch (item.kind) {
    case "text":
      return `Read ${name || "the text"} to its end`;
    case "image":
      return `Look at ${name || "the image"}`;
    case "video":
      return `Watch 90 % of ${name || "the video"}`;
    case "file":
      return `Open ${name || item.name}`;
  }
}
