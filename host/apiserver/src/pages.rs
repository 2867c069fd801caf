//! Lists that are given page by page: what is left of each, as it was when its first page was asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::status::Status;
use crate::sync::lock;

/// So many lists can be under way. The one that was gone on with longest ago is forgotten for another.
const MOST_LISTS: usize = 32;

/// A list and the version at which it was true.
pub(crate) type Snapshot = (Vec<Arc<Value>>, u64);

/// The lists that are under way.
#[derive(Debug, Default)]
pub(crate) struct Pages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lists: VecDeque<(u64, Snapshot)>,
    /// The number of the last one.
    last: u64,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Arc<Value>>,
    /// The version at which the whole list was true.
    pub(crate) version: u64,
    /// What to ask for the next one with, and how many objects are left; none on the last page.
    pub(crate) more: Option<(String, usize)>,
}

impl Pages {
    /// The first page of a list; with a limit of zero, all of it.
    pub(crate) fn begin(&self, list: Snapshot, limit: usize) -> Page {
        self.page(list, limit)
    }

    /// The next page of the list that this text stands for. Each text is good for one page.
    ///
    /// # Errors
    /// 410 if that list is not known any more, as after a compaction of etcd.
    pub(crate) fn go_on(&self, with: &str, limit: usize) -> Result<Page, Status> {
        let found = {
            let mut kept = lock(&self.0);
            let number = with.parse::<u64>().ok();
            let at = kept.lists.iter().position(|(it, _)| Some(*it) == number);
            at.and_then(|at| kept.lists.remove(at))
        };
        let Some((_, list)) = found else {
            let why = "The provided continue parameter is too old to display a consistent list \
                       result. You can start a new list without the continue parameter.";
            return Err(Status::expired(why));
        };
        Ok(self.page(list, limit))
    }

    /// Forgets all of them.
    pub(crate) fn forget(&self) {
        lock(&self.0).lists.clear();
    }

    fn page(&self, (mut objects, version): Snapshot, limit: usize) -> Page {
        if limit == 0 || objects.len() <= limit {
            return Page { objects, version, more: None };
        }
        let rest = objects.split_off(limit);
        let left = rest.len();
        let mut kept = lock(&self.0);
        kept.last += 1;
        let number = kept.last;
        if kept.lists.len() >= MOST_LISTS {
            kept.lists.pop_front();
        }
        kept.lists.push_back((number, (rest, version)));
        Page { objects, version, more: Some((number.to_string(), left)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: u64) -> Snapshot {
        ((0..count).map(|number| Arc::new(number.into())).collect(), 7)
    }

    fn numbers(page: &Page) -> Vec<u64> {
        page.objects.iter().filter_map(|object| object.as_u64()).collect()
    }

    #[test]
    fn a_list_is_given_page_by_page_as_it_was() {
        let pages = Pages::default();
        let first = pages.begin(list(5), 2);
        let (more, left) = first.more.clone().unwrap();
        assert_eq!((numbers(&first), left), (vec![0, 1], 3));
        let second = pages.go_on(&more, 2).unwrap();
        let last = pages.go_on(&second.more.clone().unwrap().0, 2).unwrap();
        assert_eq!((numbers(&second), numbers(&last)), (vec![2, 3], vec![4]));
        assert!(last.more.is_none() && last.version == 7);
        assert!(pages.begin(list(5), 0).more.is_none() && pages.begin(list(5), 5).more.is_none());
    }

    #[test]
    fn what_is_not_known_any_more_is_gone() {
        let pages = Pages::default();
        let (old, _) = pages.begin(list(2), 1).more.unwrap();
        for _ in 0..MOST_LISTS {
            pages.begin(list(2), 1);
        }
        let (newest, _) = pages.begin(list(2), 1).more.unwrap();
        assert_eq!(pages.go_on(&old, 1).unwrap_err().code, 410);
        assert_eq!(pages.go_on("anything", 1).unwrap_err().code, 410);
        pages.forget();
        assert_eq!(pages.go_on(&newest, 1).unwrap_err().code, 410);
    }
}
