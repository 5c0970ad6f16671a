/** A method that was not taken, and why: the next one of the chain was tried instead. */
export interface Instead {
  readonly method: string;
  readonly reason: string;
}
