import type { EventRing } from './event-ring.ts';
import type { BanList, BannedPeer, BanRequest, PeerList } from './schema/network.ts';
import type { CheckedPublication, PublicationDocument, StoredModel } from './schema/publications.ts';
import type { ClaimResult, Rewards, RoundList } from './schema/rounds.ts';
import type { ClaimRequest, RoundsQuery } from './schema/routes.ts';
import type {
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from './schema/stakes.ts';
import type { Readiness, Status } from './schema/status.ts';
import type { JoinResult, LeaveResult, RefundResult, TaskDetail, TaskList } from './schema/tasks.ts';

/** What the API serves: a node as the API's documents describe it. Methods throw ChorusError. */
export interface AdminSource {
  readonly version: string;
  readonly events: EventRing;
  ready(): Promise<Readiness>;
  metrics(): Promise<{ contentType: string; text: string }>;
  status(): Promise<Status>;
  tasks(): Promise<TaskList>;
  task(id: bigint): Promise<TaskDetail>;
  join(id: bigint): Promise<JoinResult>;
  leave(id: bigint): Promise<LeaveResult>;
  /** `cancel`: end one that still looks for members first. */
  refund(id: bigint, cancel: boolean): Promise<RefundResult>;
  storeModel(model: Uint8Array): Promise<StoredModel>;
  /** Begin to publish, unless it was begun before; answers at once. */
  publish(id: string, request: CheckedPublication): Promise<PublicationDocument>;
  publication(id: string): Promise<PublicationDocument>;
  rounds(query: RoundsQuery): Promise<RoundList>;
  rewards(): Promise<Rewards>;
  claim(request: ClaimRequest): Promise<ClaimResult>;
  stakes(query: StakesQuery): Promise<StakesDocument>;
  /** `to`: delegate to the identity of that wallet. */
  depositStake(request: StakeDepositRequest): Promise<StakeDepositResult>;
  unbondStake(request: StakeUnbondRequest): Promise<StakeUnbondResult>;
  withdrawStake(request: StakeWithdrawRequest): Promise<StakeWithdrawResult>;
  peers(): Promise<PeerList>;
  bans(): Promise<BanList>;
  ban(request: BanRequest): Promise<BannedPeer>;
  unban(peerId: string): Promise<void>;
  /** Begin to end the process; returns at once. */
  shutdown(): void;
}
