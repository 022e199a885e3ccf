import { Badge, Card, Tabs } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";

import { learnersQuery, queueQuery } from "../api/queries";
import { OwnedCourse } from "../course/OwnedCourse";
import { AddPeople } from "../people/AddPeople";
import { Learners, Requests } from "../people/Learners";
import { Queue } from "../people/Queue";
import classes from "../people/people.module.css";

const first = "requests";

function Count({ count }: { count: number | undefined }): ReactNode {
  if (!count) return null;
  return (
    <Badge size="sm" variant="light" circle={count < 10}>
      {count}
    </Badge>
  );
}

/** Who asks, learns and waits in a course, for its owner. */
function People({ slug }: { slug: string }) {
  const [search, setSearch] = useSearchParams();
  const requests = useInfiniteQuery(learnersQuery(slug, "pending"));
  const queue = useInfiniteQuery(queueQuery(slug));
  return (
    <Tabs
      value={search.get("tab") ?? first}
      onChange={(tab) => {
        setSearch(tab && tab !== first ? { tab } : {}, { replace: true });
      }}
      keepMounted={false}
    >
      <Tabs.List className={classes.tabs}>
        <Tabs.Tab value={first} rightSection={<Count count={requests.data?.pages[0]?.count} />}>
          Requests
        </Tabs.Tab>
        <Tabs.Tab value="learners">Learners</Tabs.Tab>
        <Tabs.Tab value="waitlist" rightSection={<Count count={queue.data?.pages[0]?.count} />}>
          Waitlist
        </Tabs.Tab>
        <Tabs.Tab value="add">Add</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value={first} pt="sm">
        <Requests slug={slug} />
      </Tabs.Panel>
      <Tabs.Panel value="learners" pt="md">
        <Learners slug={slug} />
      </Tabs.Panel>
      <Tabs.Panel value="waitlist" pt="sm">
        <Queue slug={slug} />
      </Tabs.Panel>
      <Tabs.Panel value="add" pt="md">
        <AddPeople slug={slug} />
      </Tabs.Panel>
    </Tabs>
  );
}

export function PeoplePage() {
  return (
    <OwnedCourse title="People" page="people">
      {(slug) => (
        <Card>
          <People slug={slug} />
        </Card>
      )}
    </OwnedCourse>
  );
}
