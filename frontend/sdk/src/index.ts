/** The public surface of the SDK's core. The adapter for web pages is `@studybeat/sdk/browser`. */

export type { Signals } from "./activity.js";
export { StudybeatClient } from "./client.js";
export { CLOSE_CODES, ERROR_CODES, afterClose, afterError, mayReconnect } from "./codes.js";
export type { AfterClose, AfterError } from "./codes.js";
export type { Platform, Post, PostAnswer, Socket, SocketEvents } from "./platform.js";
export type { ConnectionOptions } from "./socket.js";
export type { ConnectionState, ConnectionStatus } from "./state.js";
export type { CourseProgress, NewsState, ProgressState, WaitlistPlace } from "./state.js";
export type { LiveSession, SessionPhase, SessionState, SessionTarget } from "./state.js";
export type { CallForHelp, HelpState, LiveWatch, NudgeOutcome, WatchPhase, WatchState } from "./state.js";
export { MemoryStorage } from "./storage.js";
export type { Keeping, KeptSession, SampleStorage } from "./storage.js";
export type { Readable } from "./store.js";
export type { NotificationData, NotificationFrame, NotificationKind } from "./types.js";
export type { Acked, ActivityState, DeviceType, ErrorFrame, Played, User } from "./types.js";
export type { WatchedCounts, WatchedLearner } from "./types.js";
export { countedOn } from "./watching.js";
