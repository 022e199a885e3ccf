/**
 * The little Markdown that course texts use: headings, paragraphs, lists, quotes, code, **bold**, *italic*, `code` and
 * links. It builds elements, never HTML from the text, so nothing written in a course can run on the page.
 */

import { Anchor, Blockquote, Code, List, Text, Title } from "@mantine/core";
import { Fragment, type ReactNode } from "react";

type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph" | "quote" | "code"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] };

const fence = "```";
const heading = /^(#{1,4})\s+(.+)$/;
const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.+)$/;
const quote = /^>\s?(.*)$/;

export function blocks(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const found: Block[] = [];
  /** The block that the next line may go on with; a blank line ends it. */
  let open: Block | null = null;
  const begin = (block: Block): void => {
    open = block;
    found.push(block);
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const last = open as Block | null;
    if (line.startsWith(fence)) {
      const end = lines.findIndex((later, at) => at > index && later.startsWith(fence));
      const until = end < 0 ? lines.length : end;
      found.push({ kind: "code", text: lines.slice(index + 1, until).join("\n") });
      open = null;
      index = until;
      continue;
    }
    const asHeading = heading.exec(line);
    const asItem = item.exec(line);
    const asQuote = quote.exec(line);
    if (line.trim() === "") {
      open = null;
    } else if (asHeading) {
      found.push({ kind: "heading", level: asHeading[1]?.length ?? 1, text: asHeading[2] ?? "" });
      open = null;
    } else if (asItem) {
      const ordered = asItem[1] !== undefined;
      if (last?.kind === "list" && last.ordered === ordered) last.items.push(asItem[2] ?? "");
      else begin({ kind: "list", ordered, items: [asItem[2] ?? ""] });
    } else if (asQuote) {
      if (last?.kind === "quote") last.text += ` ${asQuote[1] ?? ""}`;
      else begin({ kind: "quote", text: asQuote[1] ?? "" });
    } else if (last?.kind === "paragraph" || last?.kind === "quote") {
      last.text += ` ${line.trim()}`;
    } else if (last?.kind === "list") {
      last.items.push(`${last.items.pop() ?? ""} ${line.trim()}`);
    } else {
      begin({ kind: "paragraph", text: line.trim() });
    }
  }
  return found;
}

const inline = /\*\*(.+?)\*\*|\*(?!\s)(.+?)\*|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;

/** The first paragraph, without its marks: for a card. */
export function firstWords(source: string): string {
  const first = blocks(source).find((block) => block.kind === "paragraph");
  return first?.kind === "paragraph" ? first.text.replace(inline, "$1$2$3$4") : "";
}

function Inline({ text }: { text: string }): ReactNode {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(inline)) {
    const [whole, bold, italic, code, label, address] = match;
    parts.push(text.slice(from, match.index));
    from = match.index + whole.length;
    if (bold) parts.push(<strong>{bold}</strong>);
    else if (italic) parts.push(<em>{italic}</em>);
    else if (code) parts.push(<Code>{code}</Code>);
    else {
      parts.push(
        <Anchor href={address} target="_blank" rel="noreferrer" underline="always">
          {label}
        </Anchor>,
      );
    }
  }
  parts.push(text.slice(from));
  return parts.map((part, index) => <Fragment key={index}>{part}</Fragment>);
}

function BlockView({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case "heading":
      // The page has the first level, its items the second.
      return (
        <Title order={block.level <= 1 ? 3 : 4} mt="lg" mb="xs">
          <Inline text={block.text} />
        </Title>
      );
    case "paragraph":
      return (
        <Text my="sm" lh={1.7}>
          <Inline text={block.text} />
        </Text>
      );
    case "quote":
      return (
        <Blockquote my="md" p="md">
          <Inline text={block.text} />
        </Blockquote>
      );
    case "code":
      return (
        <Code block my="md">
          {block.text}
        </Code>
      );
    case "list":
      return (
        <List type={block.ordered ? "ordered" : "unordered"} my="sm" spacing={6} withPadding>
          {block.items.map((text, index) => (
            <List.Item key={index} lh={1.6}>
              <Inline text={text} />
            </List.Item>
          ))}
        </List>
      );
  }
}

export function Markdown({ source }: { source: string }) {
  return blocks(source).map((block, index) => <BlockView key={index} block={block} />);
}
