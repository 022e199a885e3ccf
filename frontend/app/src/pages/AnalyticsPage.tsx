import { Button, Group, Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ActivityPlot } from "../analytics/ActivityPlot";
import { Away } from "../analytics/Away";
import { ContentTimes } from "../analytics/ContentTimes";
import { Stops } from "../analytics/Stops";
import { Totals } from "../analytics/Totals";
import { fileAddress } from "../api/http";
import { analyticsQuery, coursePath, totalsQuery } from "../api/queries";
import { OwnedCourse } from "../course/OwnedCourse";
import { Section } from "../ui/Section";
import { Icon } from "../ui/icons";
import { Failure } from "../ui/states";

/** The answers of this page as files, each by its name in the address. */
const FILES = [
  ["totals", "In all"],
  ["learners", "All learners"],
  ["inactive", "Away for a week"],
  ["activity", "When they learn"],
  ["contents", "Time of each content"],
  ["stops", "Where they stop"],
] as const;

/** How a course is taken: who, when, how long, and how far. */
function Analytics({ slug }: { slug: string }) {
  const { data, error, refetch } = useQuery(analyticsQuery(slug));
  const all = useQuery(totalsQuery);
  if (!data) {
    if (error) return <Failure error={error} retry={refetch} />;
    return (
      <Stack aria-busy="true">
        <Skeleton height={120} />
        <Skeleton height={300} />
        <Skeleton height={300} />
      </Stack>
    );
  }
  return (
    <Stack gap="lg">
      <Totals totals={data.totals} all={all.data} />
      <ActivityPlot activity={data.activity} />
      <ContentTimes slug={slug} times={data.contents} />
      <Stops slug={slug} stops={data.stops} />
      <Away {...data.inactive} />
      <Section title="As files" lead="Tables in CSV, for a spreadsheet.">
        <Group>
          {FILES.map(([file, name]) => (
            <Button
              key={file}
              component="a"
              href={fileAddress(coursePath(slug, `analytics/${file}.csv`))}
              variant="light"
              leftSection={<Icon name="download" size={18} />}
            >
              {name}
            </Button>
          ))}
        </Group>
      </Section>
    </Stack>
  );
}

export function AnalyticsPage() {
  return (
    <OwnedCourse title="Analytics" page="analytics">
      {(slug) => <Analytics slug={slug} />}
    </OwnedCourse>
  );
}
