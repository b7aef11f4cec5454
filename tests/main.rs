//! One test binary (every file beside it would be linked anew).

#[cfg(test)]
mod contracts;
#[cfg(test)]
mod house;
