//! Authors of a feed and of its entries; contributors and publishers are read past.

use super::super::people;
use super::super::reading::Person;
use super::Walk;

impl Walk<'_> {
    pub(super) fn start_author(&mut self) {
        self.in_author = true;
        self.push("author", true);
        self.context().authors.push(Person::default());
    }

    pub(super) fn end_author(&mut self) {
        self.pop("author");
        self.in_author = false;
        let fields = self.context();
        let written = fields.author.clone().unwrap_or_default();
        if let Some(person) = fields.authors.last_mut()
            && person.is_nobody()
        {
            *person = people::person(&written);
        }
    }

    pub(super) fn start_owner(&mut self) {
        self.in_publisher = true;
        self.push("publisher", false);
    }

    pub(super) fn end_owner(&mut self) {
        self.pop("publisher");
        self.in_publisher = false;
    }

    pub(super) fn end_person_name(&mut self) {
        let name = self.pop("name");
        self.note_person(|person| &mut person.name, name);
    }

    pub(super) fn end_person_email(&mut self) {
        let email = self.pop("email");
        self.note_person(|person| &mut person.email, email);
    }

    pub(super) fn end_person_href(&mut self) {
        let href = self.pop("href").filter(|_| self.in_author);
        self.note_person(|person| &mut person.href, href);
    }

    fn note_person(
        &mut self,
        field: impl Fn(&mut Person) -> &mut Option<String>,
        value: Option<String>,
    ) {
        if !self.in_author && !self.in_publisher {
            return;
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return;
        };
        let fields = self.context();
        if fields.authors.is_empty() {
            fields.authors.push(Person::default());
        }
        if let Some(person) = fields.authors.last_mut() {
            *field(person) = Some(value);
        }
    }
}
