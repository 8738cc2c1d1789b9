//! The members of a chat while a batch is decided, and what each may do.

use crate::clock::Timestamp;
use crate::commit::{AddMembers, Caller, ChangeMember, Refusal};
use crate::ids::{Change, MessageNumber, UserNumber};
use crate::model::{ChatKind, Member, Role};

use super::WorkingChat;

/// What a caller wants to do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commit) enum Right {
    /// Read, mark, leave.
    Read,
    /// Post, and change what it posted.
    Write,
    /// Say what the chat is called and who is in it.
    Lead,
    /// Delete the chat.
    Close,
}

impl WorkingChat {
    /// The application may do everything. In its name a user may write in open chats; elsewhere it has to be a member.
    pub(super) fn permits(&self, caller: Caller, right: Right) -> Result<(), Refusal> {
        let kind = self.state.kind;
        let allowed = match caller.has_to_be_in(kind) {
            None => caller == Caller::Application || matches!(right, Right::Read | Right::Write),
            Some(user) => {
                let role = self.there(user).ok_or(Refusal::NotAMember)?.role;
                match right {
                    Right::Read => true,
                    Right::Write => role != Role::Reader,
                    Right::Close if kind == ChatKind::Direct => true,
                    // It stays as it is, whoever asks.
                    Right::Lead if kind == ChatKind::Direct => {
                        return Err(Refusal::WrongKind(kind));
                    }
                    Right::Lead => self.is_led_by(role),
                    Right::Close => role == Role::Owner,
                }
            }
        };
        allowed.then_some(()).ok_or(Refusal::NotAllowed)
    }

    /// Its owners lead a group. Once the last of them is gone all members do, and any of them may make one an owner.
    fn is_led_by(&self, role: Role) -> bool {
        role == Role::Owner || role == Role::Member && self.state.owners == Some(0)
    }

    /// Only the author may change a message; those who own the chat may delete it too.
    pub(super) fn permits_changing(
        &self,
        sender: Option<UserNumber>,
        caller: Caller,
        deleting: bool,
    ) -> Result<(), Refusal> {
        let Some(user) = caller.user() else {
            return Ok(());
        };
        let leads = deleting
            && self
                .there(user)
                .is_some_and(|member| member.role == Role::Owner);
        let allowed = sender == Some(user) || leads;
        allowed.then_some(()).ok_or(Refusal::NotAllowed)
    }

    pub(super) fn there(&self, user: UserNumber) -> Option<&Member> {
        self.members.get(&user).filter(|member| member.is_there())
    }

    fn member(&self, user: UserNumber) -> Result<&Member, Refusal> {
        self.there(user).ok_or(Refusal::MemberNotFound(user))
    }

    /// The member that asks.
    pub(super) fn asking(&self, caller: Caller) -> Result<&Member, Refusal> {
        let user = caller.user().ok_or(Refusal::NoCaller)?;
        self.there(user).ok_or(Refusal::NotAMember)
    }

    /// Writes over a member.
    pub(super) fn write(&mut self, member: Member) {
        let owns = |member: &Member| member.is_there() && member.role == Role::Owner;
        let owned = self.members.get(&member.user).is_some_and(owns);
        let owners = self.state.owners;
        self.state.owners = match (owned, owns(&member)) {
            (false, true) => Some(owners.unwrap_or_default() + 1),
            (true, false) => owners.map(|owners| owners - 1),
            _ => owners,
        };
        self.written.insert(member.user);
        self.members.insert(member.user, member);
    }

    /// Somebody takes part from the start.
    pub(super) fn found(&mut self, user: UserNumber, role: Role, now: Timestamp) {
        self.put(new_member(user, role, now, Change::ZERO));
    }

    /// All of them or none.
    pub(super) fn add_members(&mut self, add: &AddMembers, now: Timestamp) -> Result<(), Refusal> {
        self.is_group()?;
        if let Some(user) = add.users.iter().find(|user| self.there(**user).is_some()) {
            return Err(Refusal::AlreadyAMember(*user));
        }
        let at = self.time(now);
        for user in &add.users {
            if self.there(*user).is_some() {
                continue;
            }
            let change = self.next_change();
            let new = new_member(*user, add.role, at, change);
            let member = match self.members.get(user) {
                // Who comes back goes on where it was.
                Some(before) => Member {
                    mark_change: before.mark_change,
                    delivered: before.delivered,
                    read: before.read,
                    posted: before.posted,
                    ..new
                },
                None => new,
            };
            self.put(member);
        }
        Ok(())
    }

    fn put(&mut self, member: Member) {
        self.state.members += 1;
        self.write(member);
    }

    /// What a member may do is said by those who lead; whether it wants to be left alone, by itself.
    pub(in crate::commit) fn change_member(
        &mut self,
        change: &ChangeMember,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if change.role.is_some() {
            self.permits(caller, Right::Lead)?;
            self.is_group()?;
        }
        let own = caller.user().is_none_or(|user| user == change.user);
        if change.muted.is_some() && !own {
            return Err(Refusal::NotAllowed);
        }
        let before = self.member(change.user)?.clone();
        let steps_back = before.role == Role::Owner
            && change.role.is_some_and(|role| role != Role::Owner)
            && caller.user() == Some(change.user);
        if steps_back && self.state.owners == Some(1) {
            return Err(Refusal::LastOwner);
        }
        let mut member = Member {
            role: change.role.unwrap_or(before.role),
            muted: change.muted.unwrap_or(before.muted),
            ..before.clone()
        };
        if member.role != before.role {
            self.time(now);
            member.own_change = self.next_change();
        }
        // That it wants to be left alone is its own affair: nobody is told.
        if member != before {
            self.write(member);
        }
        Ok(())
    }

    /// A member leaves, or those who lead remove it; a direct chat always has its two.
    pub(super) fn remove_member(
        &mut self,
        user: UserNumber,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if caller.user().is_some_and(|caller| caller != user) {
            self.permits(caller, Right::Lead)?;
        }
        self.is_group()?;
        let member = self.member(user)?.clone();
        let left_at = Some(self.time(now));
        let own_change = self.next_change();
        self.write(Member {
            left_at,
            own_change,
            ..member
        });
        self.state.members -= 1;
        Ok(())
    }

    /// The chat leaves the list of who asks, until something is posted.
    pub(in crate::commit) fn hide(&mut self, caller: Caller) -> Result<(), Refusal> {
        let hidden = Some(self.state.head.number);
        let member = self.asking(caller)?;
        if member.hidden != hidden {
            let member = member.clone();
            self.write(Member { hidden, ..member });
        }
        Ok(())
    }

    /// A user was deleted: it leaves, and whoever follows the chat learns that what it posted has no sender any more.
    pub(super) fn let_go(&mut self, user: UserNumber, now: Timestamp) -> Result<(), Refusal> {
        let not_found = Refusal::MemberNotFound(user);
        let known = self.members.get(&user);
        let known = known
            .filter(|member| !member.gone)
            .ok_or(not_found)?
            .clone();
        self.state.members -= u64::from(known.is_there());
        let at = self.time(now);
        let own_change = self.next_change();
        self.write(Member {
            left_at: known.left_at.or(Some(at)),
            own_change,
            gone: true,
            ..known
        });
        Ok(())
    }

    /// The next message is this user's. Whoever posts in an open chat is found there when it is deleted.
    pub(super) fn note(&mut self, user: UserNumber, now: Timestamp) {
        let passing = || Member {
            left_at: Some(now),
            ..new_member(user, Role::Member, now, Change::ZERO)
        };
        let known = self.members.get(&user).cloned();
        self.write(Member {
            posted: self.state.head.number.next(),
            ..known.unwrap_or_else(passing)
        });
    }

    fn is_group(&self) -> Result<(), Refusal> {
        match self.state.kind {
            ChatKind::Group => Ok(()),
            other => Err(Refusal::WrongKind(other)),
        }
    }
}

const fn new_member(user: UserNumber, role: Role, at: Timestamp, own_change: Change) -> Member {
    Member {
        user,
        role,
        muted: false,
        joined_at: at,
        left_at: None,
        gone: false,
        own_change,
        mark_change: Change::ZERO,
        delivered: MessageNumber::ZERO,
        read: MessageNumber::ZERO,
        hidden: None,
        posted: MessageNumber::ZERO,
    }
}
