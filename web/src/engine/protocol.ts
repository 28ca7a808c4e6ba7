import type { Failure, Intent, Notice, Reply } from './api';

/** How the engine is doing, as far as the page must know. */
export type EngineStatus =
  /** Loading; intents are kept and answered later. */
  | { type: 'starting' }
  | { type: 'ready' }
  /** Another tab runs the engine, and this one does not understand it. */
  | { type: 'elsewhere' }
  /** It cannot go on; only a reload helps. */
  | { type: 'fatal'; reason: FatalReason };

export type FatalReason =
  /** No HTTPS, hence no WebCrypto. */
  | 'insecure'
  /** The program could not be fetched or started. */
  | 'load'
  /** The device's storage refused. */
  | 'storage'
  /** The machine stopped on a defect. */
  | 'crash';

/** From the page to the worker. */
export type ToWorker =
  | { type: 'call'; id: number; intent: Intent }
  /** Take the engine over from another tab. */
  | { type: 'takeOver' }
  /** Whether somebody looks at the page. */
  | { type: 'visible'; visible: boolean }
  /** The device gained or lost its network: the page hears of it more reliably than a worker does. */
  | { type: 'network'; online: boolean };

/** From the worker to the page. */
export type FromWorker =
  | { type: 'status'; status: EngineStatus }
  | { type: 'reply'; id: number; ok: Reply }
  | { type: 'refused'; id: number; failure: Failure }
  | { type: 'notices'; notices: Notice[] }
  /** How everything stands, in place of what was told before: another engine speaks from now on. */
  | { type: 'snapshot'; notices: Notice[] };
