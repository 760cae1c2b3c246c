/** The project and the state of this machine that are worked on. */
export interface Place {
  readonly projectFile: string;
  readonly stateDirectory: string;
}
