import { Button, Center, Skeleton, Stack } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ComponentType, type ReactNode, useRef } from "react";

import type { Page } from "../api/types";
import { Failure } from "../ui/states";
import classes from "./people.module.css";

export interface LineProps<T> {
  slug: string;
  one: T;
  /** Takes the focus, for when the line or its buttons are gone. */
  settle: () => void;
}

interface PeopleListProps<T> {
  slug: string;
  label: string;
  found: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  /** Where there is nobody. */
  empty: ReactNode;
  Line: ComponentType<LineProps<T>>;
}

/** People, a page at a time. */
export function PeopleList<T extends { id: number }>({ slug, label, found, empty, Line }: PeopleListProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const settle = (): void => {
    list.current?.focus();
  };
  if (found.isPending) {
    return (
      <Stack aria-busy="true" py="sm">
        {[1, 2, 3].map((line) => (
          <Skeleton key={line} height={44} />
        ))}
      </Stack>
    );
  }
  if (!found.data) return <Failure error={found.error} retry={found.refetch} />;
  const people = found.data.pages.flatMap((page) => page.results);
  return (
    <div ref={list} tabIndex={-1} aria-label={label} role="group" className={classes.list}>
      {people.length === 0 ? (
        empty
      ) : (
        <ul className={classes.list}>
          {people.map((one) => (
            <Line key={one.id} slug={slug} one={one} settle={settle} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Center mt="md">
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show more
          </Button>
        </Center>
      )}
    </div>
  );
}
