// A server of Go's net/http with one answer, as the 0.4 image had: what `make bench` sets Hotseat's
// port 4040 beside. It listens on a loopback port of the system's choosing.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: nethttp BODY: what each request is answered with")
	}
	body := []byte(os.Args[1])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	answer := func(writer http.ResponseWriter, _ *http.Request) {
		// The type is left to Go's guess, as there, so that the headers are in the same order.
		// Who does not read to the end wants no answer.
		_, _ = writer.Write(body)
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(answer)))
}
