//! The memory that nodes share: a mark counts once however many ask, and never outlives what it was made in unseen.

use std::time::Duration;

use handslag_store::{Allowance, Counters, Life, Shared, Wakeups};
use handslag_vocab::{Digest, Seconds, UnixTime};
use tokio::time::{Instant, sleep, timeout};

use super::redis::Redis;

const MINUTE: Seconds = Seconds(60);
const NOW: UnixTime = UnixTime::from_seconds(1_000);

/// Connected to this server, under the name of the test.
async fn joined(redis: &Redis, name: &str) -> Shared {
    let shared = Shared::open(&redis.url(), &format!("{name}-{}", std::process::id())).await.unwrap();
    assert!(shared.is_joined());
    shared
}

/// Waits for a life that is not this one.
async fn another(shared: &Shared, than: &Life) -> Life {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match shared.life().filter(|life| life != than) {
            Some(life) => return life,
            None if Instant::now() > until => panic!("no other life came"),
            None => sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn marks(shared: &Shared, life: &Life, what: &str) -> Option<bool> {
    shared.mark_once(life, "dpop", &Digest::of(what.as_bytes()), MINUTE).await
}

/// Attack 23: of fifty takers on two nodes one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_takers_on_two_nodes_exactly_one_wins() {
    let Some(redis) = Redis::of_environment() else { return };
    let nodes = [joined(&redis, "fifty").await, joined(&redis, "fifty").await];
    let life = nodes[0].life().unwrap();
    assert_eq!(nodes[1].life(), Some(life.clone()), "both are in the same life");
    let takers: Vec<_> = (0..50)
        .map(|number| {
            let (node, life) = (nodes[number % 2].clone(), life.clone());
            tokio::spawn(async move { marks(&node, &life, "jti").await })
        })
        .collect();
    let mut won = 0;
    for taker in takers {
        won += usize::from(taker.await.unwrap().expect("the store answers"));
    }
    assert_eq!(won, 1);
    let other = nodes[1].mark_once(&life, "assertion", &Digest::of(b"jti"), MINUTE).await;
    assert_eq!(other, Some(true), "one purpose's mark is not another's");
}

/// Attack 8 and 23: what was marked in a store that was emptied is refused, not counted anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_store_has_another_life_and_nothing_of_the_old_one_counts() {
    let Some(redis) = Redis::own(&[]) else { return };
    let shared = joined(&redis, "emptied").await;
    let old = shared.life().unwrap();
    assert_eq!(marks(&shared, &old, "a").await, Some(true));
    assert_eq!(redis.says("FLUSHALL"), "+OK");
    assert_eq!(marks(&shared, &old, "a").await, None, "at once, not when the keeper looks");
    let new = another(&shared, &old).await;
    assert_eq!(marks(&shared, &old, "b").await, None);
    assert_eq!(marks(&shared, &new, "a").await, Some(true));
    assert_eq!(marks(&shared, &new, "a").await, Some(false));
}

/// A server that reads an old state back from its disk lacks the marks made after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_came_back_with_an_old_state_has_another_life() {
    let Some(mut redis) = Redis::own(&["--dbfilename", "old.rdb"]) else { return };
    let shared = joined(&redis, "old").await;
    let old = shared.life().unwrap();
    assert_eq!(redis.says("SAVE"), "+OK");
    assert_eq!(marks(&shared, &old, "a").await, Some(true));
    redis.stop();
    assert_eq!(marks(&shared, &old, "a").await, None);
    assert_eq!(shared.life(), None, "found by whoever asks first");
    redis.start();
    let new = another(&shared, &old).await;
    assert_eq!(new.name().split_once('.').unwrap().1, old.name().split_once('.').unwrap().1, "the epoch was read back from the disk");
    assert_eq!(marks(&shared, &old, "a").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_throws_keys_away_is_not_used() {
    let Some(redis) = Redis::own(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]) else { return };
    let shared = Shared::open(&redis.url(), "evicts").await.unwrap();
    assert_eq!(shared.life(), None);
    assert_eq!(redis.says("CONFIG SET maxmemory-policy noeviction"), "+OK");
    let none = Life::clone(&joined(&Redis::own(&[]).unwrap(), "evicts").await.life().unwrap());
    another(&shared, &none).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_count_together_and_each_alone_while_the_store_is_gone() {
    let Some(mut redis) = Redis::own(&[]) else { return };
    let nodes = [Counters::new(Some(joined(&redis, "count").await)), Counters::new(Some(joined(&redis, "count").await))];
    let (who, five) = (Digest::of(b"who"), Allowance { times: 5, per: MINUTE });
    for number in 0..5 {
        assert_eq!(nodes[number % 2].left(&who, five, NOW).await, Ok(()));
        assert_eq!(nodes[number % 2].spend(&who, five, NOW).await, Ok(()), "{number}");
    }
    for node in &nodes {
        assert_eq!(node.spend(&who, five, NOW).await, Err(Seconds(12)));
        assert_eq!(node.left(&who, five, NOW + Seconds(2)).await, Err(Seconds(10)));
    }
    assert_eq!(nodes[0].spend(&who, five, NOW + Seconds(12)).await, Ok(()));
    assert!(nodes[1].spend(&who, five, NOW + Seconds(12)).await.is_err());
    redis.stop();
    for node in &nodes {
        for _ in 0..5 {
            assert_eq!(node.spend(&who, five, NOW).await, Ok(()));
        }
        assert_eq!(node.spend(&who, five, NOW).await, Err(Seconds(12)));
    }
}

/// A "no" reaches the other side within two seconds, with the store and without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_on_one_node_wakes_the_other() {
    let Some(mut redis) = Redis::own(&[]) else { return };
    let (here, there) = (Wakeups::among(Some(joined(&redis, "wake").await)), Wakeups::among(Some(joined(&redis, "wake").await)));
    let (mut listener, mut elsewhere) = (there.listen("approval:1"), there.listen("approval:2"));
    // Who has just connected looks once.
    timeout(Duration::from_millis(100), listener.woken()).await.ok();
    timeout(Duration::from_millis(100), elsewhere.woken()).await.ok();
    let began = Instant::now();
    here.wake("approval:1");
    timeout(Duration::from_secs(1), listener.woken()).await.expect("it hears of it");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert!(timeout(Duration::from_millis(300), elsewhere.woken()).await.is_err(), "and nobody else does");
    redis.stop();
    sleep(Duration::from_millis(1_500)).await;
    timeout(Duration::from_millis(1_200), listener.woken()).await.expect("without the store it looks each second");
}
