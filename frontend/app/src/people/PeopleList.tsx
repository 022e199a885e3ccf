import { Button, Center, Skeleton, Stack } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";

import type { Page } from "../api/types";
import { Failure } from "../ui/states";
import classes from "./people.module.css";

interface PeopleListProps<T> {
  label: string;
  found: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  /** Where there is nobody. */
  empty: ReactNode;
  /** `settle` takes the focus, for when a line or its buttons are gone. */
  children: (one: T, settle: () => void) => ReactNode;
}

/** People, a page at a time. */
export function PeopleList<T>({ label, found, empty, children }: PeopleListProps<T>) {
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
      {people.length === 0 ? empty : <ul className={classes.list}>{people.map((one) => children(one, settle))}</ul>}
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
