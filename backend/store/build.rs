//! The migrations are embedded; without this line a new file in their folder would not reach the next build.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
