// SPDX-License-Identifier: Apache-2.0
#include "inbox_listing.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "base/utf.h"

namespace vigil::service {
namespace {

using Entry = InboxFolder::Entry;

void sort_by_age(std::vector<Entry>& entries) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.modified, a.name) < std::tie(b.modified, b.name);
  });
}

/// How many files each owner keeps, so that all keep \p limit: the owner with the most loses first.
std::map<std::string, std::size_t> fair_shares(
    const std::map<std::string, std::vector<Entry>>& by_owner, std::size_t limit) {
  std::vector<std::pair<std::size_t, std::string>> counts;
  counts.reserve(by_owner.size());
  for (const auto& [owner, entries] : by_owner) counts.emplace_back(entries.size(), owner);
  std::ranges::sort(counts);
  std::map<std::string, std::size_t> shares;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto share = std::min(counts[i].first, limit / (counts.size() - i));
    shares[counts[i].second] = share;
    limit -= share;
  }
  return shares;
}

}  // namespace

Result<std::vector<Entry>> InboxListing::read() {
  std::vector<Entry> entries, trusted;
  std::size_t visited = 0;
  Excess excess;
  VIGIL_TRY(folder_.visit([&](Entry&& entry) {
    if (entries.size() < kMaxEntries) {
      entries.push_back(std::move(entry));
    } else if (!folder_.owner_of(entry.name).is_administrator) {
      remove(entry.name, excess);
    } else if (trusted.size() < kMaxEntries) {
      trusted.push_back(std::move(entry));
    }
    return ++visited < kMaxVisited;
  }));
  const bool hidden = visited == kMaxVisited;
  if (hidden && !std::exchange(said_hidden_, hidden)) {
    log_.error("inbox: {} files lie there; what comes behind them is not looked at", visited);
  }
  said_hidden_ = hidden;
  if (entries.size() > settings_.inbox_max_files) {
    entries = keep_fair_share(std::move(entries), excess);
  }
  say(excess);
  std::ranges::move(trusted, std::back_inserter(entries));
  sort_by_age(entries);
  return entries;
}

std::vector<Entry> InboxListing::keep_fair_share(std::vector<Entry>&& entries, Excess& excess) {
  std::vector<Entry> kept;
  std::map<std::string, std::vector<Entry>> by_owner;
  for (auto& entry : entries) {
    const auto owner = folder_.owner_of(entry.name);
    (owner.is_administrator ? kept : by_owner[owner.id]).push_back(std::move(entry));
  }
  const auto shares = fair_shares(by_owner, settings_.inbox_max_files);
  for (auto& [owner, theirs] : by_owner) {
    sort_by_age(theirs);
    const auto share = theirs.begin() + static_cast<std::ptrdiff_t>(shares.at(owner));
    for (auto entry = share; entry != theirs.end(); ++entry) remove(entry->name, excess);
    std::move(theirs.begin(), share, std::back_inserter(kept));
  }
  return kept;
}

void InboxListing::remove(const std::string& name, Excess& excess) {
  const auto removed = folder_.remove(name);
  if (removed.ok()) {
    ++excess.removed;
  } else if (excess.stuck++ == 0) {
    excess.first_problem = removed.error().message();
  }
}

void InboxListing::say(const Excess& excess) {
  if (excess.removed > 0) {
    log_.warn(
        "inbox: more than inbox_max_files ({}) wait: {} removed, the newest of whoever has "
        "the most there",
        settings_.inbox_max_files, excess.removed);
  }
  const bool stuck = excess.stuck > 0;
  if (stuck && !said_stuck_) {
    log_.warn("inbox: {} files too many cannot be removed: {}", excess.stuck,
              printable_utf8(excess.first_problem));
  }
  said_stuck_ = stuck;
}

}  // namespace vigil::service
