use std::cmp::Reverse;

use super::TraceEvent;

/// Events in the order of their starts, each with the one inside which it began.
pub(super) struct Nest<'e> {
    pub(super) events: Vec<&'e TraceEvent>,
    pub(super) parents: Vec<Option<usize>>,
}

impl<'e> Nest<'e> {
    pub(super) fn new(events: impl Iterator<Item = &'e TraceEvent>) -> Nest<'e> {
        let mut events: Vec<&TraceEvent> = events.collect();
        events.sort_by_key(|event| (event.start, Reverse(event.end())));
        let (mut parents, mut open) = (Vec::with_capacity(events.len()), Vec::<usize>::new());
        for (i, event) in events.iter().enumerate() {
            while open.pop_if(|&mut i| events[i].end() <= event.start).is_some() {}
            parents.push(open.last().copied());
            open.push(i);
        }
        Nest { events, parents }
    }

    /// The innermost event at a time.
    pub(super) fn at(&self, time: u64) -> Option<&'e TraceEvent> {
        let last = self.events.partition_point(|event| event.start <= time).checked_sub(1);
        self.outwards(last).map(|i| self.events[i]).find(|event| time < event.end())
    }

    /// An event and those around it, from the inside.
    fn outwards(&self, from: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(from, |&i| self.parents[i])
    }

    /// The nanoseconds of each event without those of the events inside it.
    pub(super) fn own(&self) -> Vec<u64> {
        let mut own: Vec<u64> = self.events.iter().map(|event| event.duration).collect();
        for (event, parent) in self.events.iter().zip(&self.parents) {
            if let Some(parent) = *parent {
                let inside = self.events[parent].end().min(event.end()) - event.start;
                own[parent] = own[parent].saturating_sub(inside);
            }
        }
        own
    }
}
