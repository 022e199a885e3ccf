import { Button, Card, Center, Group, Progress, SimpleGrid, Skeleton, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { coursesQuery, enrollmentsQuery } from "../api/queries";
import type { CourseSummary } from "../api/types";
import { CardSeat } from "../seats/CardSeat";
import { Icon } from "../ui/icons";
import { firstWords } from "../ui/Markdown";
import { Failure, Message } from "../ui/states";
import classes from "./cards.module.css";
import { CourseCover } from "./CourseCover";
import { CourseFacts } from "./CourseFacts";
import { teacherOf } from "./teacher";
import { recorded } from "./enrollment";

/** How far one is in this course; nothing for who does not learn in it. */
function YourProgress({ course }: { course: CourseSummary }) {
  const { data: enrollments } = useQuery(enrollmentsQuery);
  const yours = enrollments?.find((one) => one.course === course.slug && recorded(one));
  if (!yours) return null;
  const percent = Math.floor(yours.progress_percentage);
  return (
    <Group gap="sm" wrap="nowrap" mb="sm">
      <Progress value={percent} aria-label={`Your progress in ${course.title}`} flex={1} />
      <Text size="sm" c="dimmed">
        {percent} % done
      </Text>
    </Group>
  );
}

function CatalogueCard({ course }: { course: CourseSummary }) {
  return (
    <Card component="article" padding={0} className={classes.card}>
      <CourseCover name={course.slug} />
      <div className={classes.body}>
        <Title order={3} size="h5">
          <Link to={`/courses/${course.slug}`} className={classes.link}>
            {course.title}
          </Link>
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {teacherOf(course)}
        </Text>
        <Text size="sm" lineClamp={3} mb="md">
          {firstWords(course.overview)}
        </Text>
        <div className={classes.foot}>
          <YourProgress course={course} />
          <CourseFacts course={course} />
          <CardSeat course={course} />
        </div>
      </div>
    </Card>
  );
}

function Found({ search }: { search: string }) {
  const courses = useInfiniteQuery(coursesQuery(search));
  if (courses.isPending) {
    return (
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} aria-busy="true">
        {[1, 2, 3].map((number) => (
          <Skeleton key={number} height={240} radius="lg" />
        ))}
      </SimpleGrid>
    );
  }
  if (courses.isError) return <Failure error={courses.error} retry={courses.refetch} />;
  const found = courses.data.pages.flatMap((page) => page.results);
  if (found.length === 0) {
    return search ? (
      <Message title="Nothing found">No course matches “{search}”. Try fewer or other words.</Message>
    ) : (
      <Message title="No courses yet">As soon as one is published, it is here.</Message>
    );
  }
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
        {found.map((course) => (
          <CatalogueCard key={course.id} course={course} />
        ))}
      </SimpleGrid>
      {courses.hasNextPage && (
        <Center mt="lg">
          <Button
            variant="default"
            loading={courses.isFetchingNextPage}
            onClick={() => void courses.fetchNextPage()}
          >
            Show more
          </Button>
        </Center>
      )}
    </>
  );
}

export function Catalogue() {
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 250);
  return (
    <section aria-labelledby="catalogue">
      <Group justify="space-between" mb="md">
        <Title order={2} size="h3" id="catalogue">
          All courses
        </Title>
        <TextInput
          type="search"
          aria-label="Search courses"
          placeholder="Search courses"
          leftSection={<Icon name="search" size={18} />}
          w={{ base: "100%", xs: 280 }}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
      </Group>
      <Found search={search} />
    </section>
  );
}
