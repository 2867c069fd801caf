//! What a program on a command line has: here it has nothing of it but somewhere to write.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Blindfold;
use crate::bindings::Stub;
use crate::bindings::exports::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use crate::bindings::exports::wasi::io::streams::{InputStream, OutputStream};
use crate::streams::{Closed, Heard, say};

impl environment::Guest for Blindfold {
    fn get_environment() -> Vec<(String, String)> {
        Vec::new()
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn initial_cwd() -> Option<String> {
        None
    }
}

impl exit::Guest for Blindfold {
    fn exit(_: Result<(), ()>) {
        end()
    }

    fn exit_with_code(_: u8) {
        end()
    }
}

/// There is no way out of a question but an answer, so the policy traps, with the reason said.
fn end() -> ! {
    say(b"\nthe policy called exit: a policy answers and does not exit");
    panic!()
}

impl stdin::Guest for Blindfold {
    fn get_stdin() -> InputStream {
        InputStream::new(Closed)
    }
}

impl stdout::Guest for Blindfold {
    fn get_stdout() -> OutputStream {
        OutputStream::new(Heard)
    }
}

impl stderr::Guest for Blindfold {
    fn get_stderr() -> OutputStream {
        OutputStream::new(Heard)
    }
}

impl terminal_input::Guest for Blindfold {
    type TerminalInput = Stub;
}

impl terminal_output::Guest for Blindfold {
    type TerminalOutput = Stub;
}

impl terminal_stdin::Guest for Blindfold {
    fn get_terminal_stdin() -> Option<terminal_input::TerminalInput> {
        None
    }
}

impl terminal_stdout::Guest for Blindfold {
    fn get_terminal_stdout() -> Option<terminal_output::TerminalOutput> {
        None
    }
}

impl terminal_stderr::Guest for Blindfold {
    fn get_terminal_stderr() -> Option<terminal_output::TerminalOutput> {
        None
    }
}
