import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { remove } from "../api/http";
import { devicesQuery } from "../api/queries";
import type { Device } from "../api/types";
import { Refusal } from "../pages/FormPage";
import { Failure, Waiting } from "../ui/states";
import { Section } from "../ui/Section";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function Devices() {
  const devices = useQuery(devicesQuery);
  return (
    <Section title="Devices" lead="Phones and programs that are signed in with a token.">
      {devices.isPending && <Waiting />}
      {devices.error && <Failure error={devices.error} retry={devices.refetch} />}
      {devices.data?.length === 0 && <Text size="sm">None.</Text>}
      {devices.data?.map((device) => (
        <DeviceRow key={device.id} device={device} />
      ))}
    </Section>
  );
}

function DeviceRow({ device }: { device: Device }) {
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => remove(`tokens/${String(device.id)}/`),
    onSuccess: () => queries.invalidateQueries({ queryKey: devicesQuery.queryKey }),
  });
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap">
        <div>
          <Text fw={600}>{device.name}</Text>
          <Text size="xs" c="dimmed">
            {device.last_used ? `Last used ${day.format(new Date(device.last_used))}` : "Not used yet"}
            {device.expires_at && `, until ${day.format(new Date(device.expires_at))}`}
          </Text>
        </div>
        <Button
          variant="light"
          color="red"
          size="compact-sm"
          aria-label={`Sign out ${device.name}`}
          loading={signOut.isPending}
          onClick={() => {
            signOut.mutate();
          }}
        >
          Sign out
        </Button>
      </Group>
      <Refusal error={signOut.error} />
    </Stack>
  );
}
