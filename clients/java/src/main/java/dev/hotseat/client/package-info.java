/**
 * Asks the Hotseat sidecar who leads. The answer expires by itself, by a clock of this machine, so that a
 * dead sidecar, a dead network or a process that stood still is no leader.
 */
package dev.hotseat.client;
