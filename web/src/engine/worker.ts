/// <reference lib="webworker" />
/** What runs in the worker of each tab: see {@link Host}. */
import { Host } from './host';
import type { FromWorker, ToWorker } from './protocol';

declare const self: DedicatedWorkerGlobalScope;

// The file's name holds a hash of what is in it: as good as a version.
const host = new Host(crypto.randomUUID(), self.location.pathname, (message: FromWorker) =>
  self.postMessage(message),
);
self.onmessage = ({ data }: MessageEvent<ToWorker>) => host.receive(data);
void host.open();
