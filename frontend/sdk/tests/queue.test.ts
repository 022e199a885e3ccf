import { expect, test } from "vitest";

import { SampleQueue } from "../src/queue.js";

const LIMITS = { frame_bytes: 16_384, samples_per_frame: 100, frames_per_second: 20, burst: 40, sessions: 4 };

function queueOf(count: number, limit?: number): SampleQueue {
  const queue = new SampleQueue(limit);
  for (let n = 1; n <= count; n += 1) queue.add(n * 1_000, "focus", 0);
  return queue;
}

function seqs(queue: SampleQueue): number[] {
  return queue.batch(LIMITS).map(({ seq }) => seq);
}

test("samples are numbered without holes, across acks", () => {
  const queue = queueOf(2);
  queue.ack(2);
  queue.add(3_000, "idle", 0);
  expect(seqs(queue)).toEqual([3]);
});

test("what was sent is kept until it is acknowledged", () => {
  const queue = queueOf(3);
  queue.sent(queue.batch(LIMITS));
  expect([queue.unsent, queue.pending]).toEqual([0, 3]);
  queue.ack(2);
  expect([queue.unsent, queue.pending, queue.acked]).toEqual([0, 1, 2]);
  queue.ack(1);
  expect(queue.acked).toBe(2);
});

test("it sends again from where it is told, if it still can", () => {
  const queue = queueOf(5);
  queue.sent(queue.batch(LIMITS));
  queue.ack(2);
  expect(queue.rewind(4)).toBe(true);
  expect(seqs(queue)).toEqual([4, 5]);
  expect(queue.rewind(6)).toBe(true);
  expect(queue.unsent).toBe(0);
  expect([queue.rewind(2), queue.rewind(7), queue.rewind(0)]).toEqual([false, false, false]);
});

test("a batch keeps to the samples and to the bytes of a frame", () => {
  const queue = queueOf(250);
  expect(queue.batch(LIMITS)).toHaveLength(100);
  for (const frame_bytes of [512, 1_000, 4_321]) {
    const samples = queue.batch({ ...LIMITS, frame_bytes });
    const frame = { type: "session.samples", ref: "s9.999999", session: 2 ** 53 - 1, samples };
    expect(JSON.stringify(frame).length).toBeLessThanOrEqual(frame_bytes);
    expect(samples.length).toBeGreaterThan(frame_bytes / 100 - 3);
  }
});

test("an ack in the midst of what is being sent loses nothing", () => {
  const queue = queueOf(10);
  queue.sent(queue.batch({ ...LIMITS, samples_per_frame: 4 }));
  queue.ack(6); // the server had more from an earlier connection
  expect(seqs(queue)).toEqual([7, 8, 9, 10]);
});

test("a full queue takes nothing more, and keeps what it has, until some of it is acknowledged", () => {
  const queue = queueOf(4, 3);
  expect([queue.isFull, queue.pending, queue.add(9_000, "focus", 0)]).toEqual([true, 3, null]);
  queue.ack(1);
  expect(queue.add(9_000, "focus", 0)).toMatchObject({ seq: 4 });
  expect(seqs(queue)).toEqual([2, 3, 4]);
});
