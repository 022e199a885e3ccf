import { Anchor, Badge, Card, Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams, useSearchParams } from "react-router";

import { ApiError } from "../api/http";
import { courseQuery, learnersQuery, queueQuery } from "../api/queries";
import { useUser } from "../auth/user";
import { AddPeople } from "../people/AddPeople";
import { Learners, Requests } from "../people/Learners";
import { Queue } from "../people/Queue";
import classes from "../people/people.module.css";
import { Failure } from "../ui/states";
import { useTitle } from "../ui/title";
import { NotFoundPage } from "./NotFoundPage";

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
  const { slug = "" } = useParams();
  const user = useUser();
  const course = useQuery(courseQuery(slug));
  useTitle(course.data ? `People · ${course.data.title}` : "People");
  if (!course.data) {
    if (course.error instanceof ApiError && course.error.status === 404) return <NotFoundPage />;
    if (course.error) return <Failure error={course.error} retry={course.refetch} />;
    return <Skeleton height={320} maw={860} mx="auto" aria-busy="true" />;
  }
  // For everybody else there is no such page.
  if (course.data.owner !== user.username && !user.is_staff) return <NotFoundPage />;
  return (
    <Stack maw={860} mx="auto">
      <div>
        <Title order={1} size="h2">
          People
        </Title>
        <Text c="dimmed">
          in{" "}
          <Anchor component={Link} to={`/courses/${slug}`}>
            {course.data.title}
          </Anchor>
        </Text>
      </div>
      <Card>
        <People slug={slug} />
      </Card>
    </Stack>
  );
}
