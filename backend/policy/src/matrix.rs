//! Who may do what, as a text that is checked in and reviewed: every role × every act × the conditions that matter.
//!
//! Roles with the same answer by the same rules share a line, so that a change of one rule changes few lines.

use std::collections::BTreeMap;

use crate::{
    Answer, Policies, Role, RuleId,
    cast::{ANY_ACT, Case, SCENES, Scene, question},
};

impl Policies {
    /// The whole matrix. The same rules always give the same text.
    pub fn matrix(&self) -> String {
        let scenes = SCENES.iter().map(|scene| format!("\n{}\n{}", scene.says, table(&self.scene(scene))));
        format!("{HEAD}\n{}{}", table(&self.overview()), scenes.collect::<String>())
    }

    /// The plain case of every act.
    fn overview(&self) -> Vec<Vec<String>> {
        let head = [""].into_iter().chain(EVERYBODY.map(name)).map(str::to_owned).collect();
        let row = |scene: &Scene| {
            let answers = EVERYBODY.map(|role| yes_or_no(self.decide(&question(role, (scene.act)())).allowed));
            [scene.says].into_iter().chain(answers).map(str::to_owned).collect()
        };
        [head].into_iter().chain(SCENES.iter().map(row)).collect()
    }

    /// All cases of one act.
    fn scene(&self, scene: &Scene) -> Vec<Vec<String>> {
        let head = ["", "condition", "answer", "rules", "roles"].map(str::to_owned).to_vec();
        let cases = ANY_ACT.iter().chain(scene.cases).flat_map(|case| self.case(scene, case));
        [head].into_iter().chain(cases).collect()
    }

    /// One line for each answer that somebody gets.
    fn case(&self, scene: &Scene, case: &Case) -> Vec<Vec<String>> {
        let mut roles_by_answer: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for role in EVERYBODY {
            let mut question = question(role, (scene.act)());
            (case.change)(&mut question);
            let Answer { allowed, rules } = self.decide(&question);
            roles_by_answer.entry((!allowed, rules)).or_default().push(name(role));
        }
        let line = |(place, ((refused, rules), roles)): (usize, ((bool, Vec<_>), Vec<&str>))| {
            let says = if place == 0 { case.says } else { "" };
            let roles = if roles.len() == EVERYBODY.len() { "everybody".to_owned() } else { roles.join(", ") };
            let decided_by: Vec<_> = rules.iter().map(RuleId::as_str).collect();
            vec![String::new(), says.to_owned(), yes_or_no(!refused).to_owned(), decided_by.join(", "), roles]
        };
        roles_by_answer.into_iter().enumerate().map(line).collect()
    }
}

const fn yes_or_no(allowed: bool) -> &'static str {
    if allowed { "yes" } else { "no" }
}

fn name(role: Option<Role>) -> &'static str {
    role.map_or("(no role)", Role::as_str)
}

/// Columns as wide as their widest cell, two spaces between them, none at the end of a line.
fn table(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    let padded = |(cell, width): (&String, &usize)| format!("{cell:width$}");
    let line = |row: &Vec<String>| row.iter().zip(&widths).map(padded).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

const EVERYBODY: [Option<Role>; 7] =
    [None, Some(Role::Administrator), Some(Role::Auditor), Some(Role::Manager), Some(Role::Secretary), Some(Role::ShiftLeader), Some(Role::Worker)];

const HEAD: &str = "\
Who may do what. Generated from policies/*.cedar; do not edit (policies/README.md).

In the plain case everything fits: an employee with a level 3 identity on an attested phone (T2), in their own unit and organisation.
Each condition changes one thing. Behind each answer stand the rules that gave it; no-rule: nothing permits it.
";

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/matrix.txt");

    #[test]
    fn the_matrix_that_is_checked_in_is_the_one_the_rules_give() {
        let matrix = Policies::embedded().unwrap().matrix();
        if std::env::var_os("HANDSLAG_BLESS").is_some() {
            std::fs::write(FILE, &matrix).unwrap();
        }
        let checked_in = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(checked_in == matrix, "policies/matrix.txt is stale; HANDSLAG_BLESS=1 cargo test -p handslag-policy rewrites it");
    }

    #[test]
    fn every_act_role_and_rule_stands_in_the_matrix_and_no_question_is_broken() {
        let policies = Policies::embedded().unwrap();
        let matrix = policies.matrix();
        assert!(!matrix.contains("question-broken"));
        for rule in policies.rules() {
            assert!(matrix.contains(rule.as_str()), "{rule}");
        }
        for role in Role::ALL {
            assert!(EVERYBODY.contains(&Some(role)), "{}", role.as_str());
        }
        let acts: std::collections::BTreeSet<_> = SCENES.iter().map(|scene| (scene.act)().as_str()).collect();
        let schema = crate::load::SCHEMA.1;
        assert_eq!(acts.len(), schema.lines().filter(|line| line.starts_with("action ")).count());
    }
}
