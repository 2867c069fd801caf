//! The flags that say what one call of a policy may use.

use super::args::POLICY;
use super::size::parse_size;
use crate::length::{LengthError, parse_length};
use clap::Args;
use hotseat_engine::Limits;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;
