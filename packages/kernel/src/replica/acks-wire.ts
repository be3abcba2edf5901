import {
  type Acks,
  acksNumber,
  acksOf,
  type Bytes,
  decoded,
  type LogIndex,
  Malformed,
  Reader,
  Writer,
} from "../core/index.ts";

/** Questions, and answers, in one frame; more make more frames. */
export const QUESTIONS_MAX = 1024;
const QUESTION_BYTES = 20;

/** Do so many disks hold the log up to this entry? */
export interface AcksQuestion {
  readonly epoch: number;
  readonly index: LogIndex;
  readonly acks: Acks;
}

/** They do: `holders` of the voters, when the leader looked. */
export interface AcksAnswer {
  readonly question: AcksQuestion;
  readonly holders: number;
}

export function encodeAcksQuestions(questions: readonly AcksQuestion[]): Bytes {
  const w = new Writer(4 + questions.length * QUESTION_BYTES).u32(questions.length);
  for (const question of questions) writeQuestion(w, question);
  return w.take();
}

export const decodeAcksQuestions = (bytes: Bytes): readonly AcksQuestion[] | Malformed =>
  decoded(() => listIn(bytes, readQuestion));

export function encodeAcksAnswers(answers: readonly AcksAnswer[]): Bytes {
  const w = new Writer(4 + answers.length * (QUESTION_BYTES + 4)).u32(answers.length);
  for (const { question, holders } of answers) writeQuestion(w, question).u32(holders);
  return w.take();
}

export const decodeAcksAnswers = (bytes: Bytes): readonly AcksAnswer[] | Malformed =>
  decoded(() => listIn(bytes, (r) => ({ question: readQuestion(r), holders: r.u32() })));

const writeQuestion = (w: Writer, { epoch, index, acks }: AcksQuestion): Writer =>
  w.uint(epoch).uint(index).u32(acksNumber(acks));

function readQuestion(r: Reader): AcksQuestion {
  const [epoch, index, acks] = [r.uint(), r.uint() as LogIndex, acksOf(r.u32())];
  if (acks === null) throw new Malformed("no such level");
  return { epoch, index, acks };
}

function listIn<T>(bytes: Bytes, read: (r: Reader) => T): readonly T[] {
  const r = new Reader(bytes);
  const count = r.u32();
  if (count > QUESTIONS_MAX) throw new Malformed(`${count} questions`);
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(read(r));
  r.end();
  return all;
}
