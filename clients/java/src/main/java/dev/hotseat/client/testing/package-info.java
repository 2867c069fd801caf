/** A sidecar for the tests of an application. */
package dev.hotseat.client.testing;
