import type { RoundProof } from '@chorus/admin-api';
import contribution from '@chorus/circuits/keys/contribution-16.vkey.json' with { type: 'json' };
import projection from '@chorus/circuits/keys/projection-16.vkey.json' with { type: 'json' };
import {
  type CheckedMaterial,
  checkMaterial,
  fromRoundProof,
  type ProofMaterial,
} from '@chorus/inspector/records';
import { Failure } from '../api/failure.ts';
import { type Way, wayOf } from './steps.ts';

/** What was found of a round, and what it was found in. */
export interface CheckedRound extends CheckedMaterial {
  material: ProofMaterial;
  /** By trainer: from its update to its share and its weight. */
  ways: Way[];
}

type KeyOf = Parameters<typeof checkMaterial>[1];

/** The circuits' keys of this build: a part of this program, not of what the node answers. */
const KEYS = { 'reference-trust': contribution, 'reference-projection': projection };
const keyOf = ((rule) => KEYS[rule]) as KeyOf;

/** A round by its task and number. */
export interface RoundName {
  task: string;
  round: number;
}

/**
 * Check a round from what the node gave of it.
 * @param asked the round that the reader wants to see: a proof of another one says nothing about it
 * @throws ChorusError `E_ROUND_PROOF` if it cannot be read; Failure `E_ROUND_PROOF` if it is of another round
 */
export async function checkRound(document: RoundProof, asked: RoundName): Promise<CheckedRound> {
  const material = fromRoundProof(document);
  const { taskId, round } = material.records.settled;
  if (`${taskId}` !== asked.task || round !== asked.round) {
    throw new Failure('E_ROUND_PROOF', `these are the records of task ${taskId}, round ${round}`);
  }
  const { checks, explained } = await checkMaterial(material, keyOf);
  const trainers = material.records.task.trainers;
  return {
    material,
    checks,
    explained,
    ways: explained ? trainers.map((_, index) => wayOf(material, explained, index)) : [],
  };
}
