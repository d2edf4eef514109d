//! A part of a tree.

use std::ops::Range;

use super::{StackGroup, TreeItem};

/// The items with the stacks in a range. A group that begins before the range goes on in it: its
/// title says so, and its cost stands on its first part.
pub fn slice(items: &[TreeItem], range: &Range<usize>) -> Vec<TreeItem> {
    let part = |item: &TreeItem| {
        let stacks = item.stacks();
        let within = stacks.start.max(range.start)..stacks.end.min(range.end);
        if within.is_empty() {
            return None;
        }
        Some(match item {
            TreeItem::Group(group) if within != stacks => TreeItem::Group(StackGroup {
                title: match within.start > stacks.start {
                    true => format!("{}, continued", group.title),
                    false => group.title.clone(),
                },
                note: if within.start > stacks.start { String::new() } else { group.note.clone() },
                items: slice(&group.items, range),
                stacks: within,
            }),
            item => item.clone(),
        })
    };
    items.iter().filter_map(part).collect()
}
