//! One test binary (every file beside it would be linked anew).

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod house;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod kommun;
