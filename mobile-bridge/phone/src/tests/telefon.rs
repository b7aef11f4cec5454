//! The worker's phone: a shell around the core that can be killed at any want.

use handslag_vocab::UnixTime;

use super::{
    Chance,
    kommun::{ADDRESS, Kommun, at},
};
use crate::{
    Button, Core, Got, KeyStore as _, Moment, Outcome, Screen, SoftwareKeyStore, Task, Turn, Want, key_store,
    wire::{Bearer, Language},
};

/// When the phone dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    /// At this want (counted from 0), before it is done.
    Before(usize),
    /// At this want, after it is done and before the core hears of it.
    After(usize),
    Never,
}

pub(crate) struct Telefon {
    pub(crate) core: Core,
    pub(crate) store: SoftwareKeyStore,
    pub(crate) chance: Chance,
    pub(crate) now: UnixTime,
    pub(crate) kill: Kill,
    /// Wants that were met.
    pub(crate) wants: usize,
    pub(crate) reachable: bool,
    /// The want that a person or a lock must answer.
    pub(crate) turn: Option<Turn>,
}

impl Telefon {
    pub(crate) fn new(kommun: &Kommun) -> Self {
        Self {
            core: Core::new(ADDRESS, Language::Sv),
            store: SoftwareKeyStore::new(kommun.vendor.clone()),
            chance: Chance(1),
            now: at(0),
            kill: Kill::Never,
            wants: 0,
            reachable: true,
            turn: None,
        }
    }

    pub(crate) fn enrolled(kommun: &mut Kommun) -> Self {
        let mut telefon = Self::new(kommun);
        let Want::Done(Outcome::Enrolled { .. }) = telefon.does(enrol(), kommun) else { panic!("enrolled") };
        telefon
    }

    /// Begins a task and goes on until a person or a lock is wanted, or it is over.
    pub(crate) fn does(&mut self, task: Task, kommun: &mut Kommun) -> Want {
        let turn = self.core.start(task, &mut Moment { now: self.now, rng: &mut self.chance }).unwrap();
        self.goes_on(turn, kommun)
    }

    pub(crate) fn presses(&mut self, button: Button, kommun: &mut Kommun) -> Want {
        self.answers(Got::Pressed(button), kommun)
    }

    pub(crate) fn answers(&mut self, got: Got, kommun: &mut Kommun) -> Want {
        let number = self.turn.as_ref().unwrap().number;
        let turn = self.core.resume(number, got, &mut Moment { now: self.now, rng: &mut self.chance }).unwrap();
        self.goes_on(turn, kommun)
    }

    /// What the core says to an answer that it must refuse; nothing may have changed.
    pub(crate) fn is_told(&mut self, number: u64, got: Got) -> crate::OutOfTurn {
        let before = self.core.save();
        let told = self.core.resume(number, got, &mut Moment { now: self.now, rng: &mut self.chance }).unwrap_err();
        assert_eq!(before, self.core.save(), "a refused answer changes nothing");
        told
    }

    pub(crate) fn number(&self) -> u64 {
        self.turn.as_ref().unwrap().number
    }

    /// The screen that stands.
    pub(crate) fn screen(&self) -> &Screen {
        match &self.turn.as_ref().unwrap().want {
            Want::Show(screen) => screen,
            other => panic!("no screen: {other:?}"),
        }
    }

    /// Wants the same again after a kill.
    pub(crate) fn dies(&mut self) -> Option<Turn> {
        self.core = Core::restore(&self.core.save()).unwrap();
        self.core.again(&mut Moment { now: self.now, rng: &mut self.chance })
    }

    fn goes_on(&mut self, mut turn: Turn, kommun: &mut Kommun) -> Want {
        loop {
            let want_number = self.wants;
            self.wants += 1;
            if self.kill == Kill::Before(want_number)
                && let Some(again) = self.dies()
            {
                turn = again;
                continue;
            }
            let Some(got) = self.fulfils(&turn.want, kommun) else {
                self.turn = Some(turn.clone());
                return turn.want;
            };
            turn = if self.kill == Kill::After(want_number) {
                self.dies().unwrap()
            } else {
                self.core.resume(turn.number, got, &mut Moment { now: self.now, rng: &mut self.chance }).unwrap()
            };
        }
    }

    fn fulfils(&mut self, want: &Want, kommun: &mut Kommun) -> Option<Got> {
        match want {
            Want::Send(_) if !self.reachable => Some(Got::Unreachable),
            Want::Send(request) => Some(kommun.answer(request)),
            want => key_store::fulfil(&mut self.store, want, &mut self.chance),
        }
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.store.public_keys().is_some()
    }
}

pub(crate) fn enrol() -> Task {
    Task::Enrol { invitation: Bearer::new("hs_invite_right"), terms_version: "2026-1".to_owned() }
}
