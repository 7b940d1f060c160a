// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "fetch/download.h"
#include "fetch/identity.h"
#include "fetch/misses.h"
#include "fetch/places.h"

namespace vigil::fetch {
namespace {

namespace fs = std::filesystem;

/// A transfer that stands still so long has been given up already.
constexpr std::chrono::minutes kAbandonedAfter{10};

/// One server with where its files go.
struct Source {
  std::string server;
  fs::path store;
};

/// How often each server failed in a row.
class Health {
 public:
  explicit Health(std::size_t limit) : limit_(limit) {}

  bool is_left_alone(const std::string& server) {
    const std::scoped_lock lock(mutex_);
    return failures_[server] >= limit_;
  }
  void note(const std::string& server, bool answered) {
    const std::scoped_lock lock(mutex_);
    auto& failures = failures_[server];
    failures = answered ? 0 : failures + 1;
  }

 private:
  std::size_t limit_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> failures_;
};

/// Tells the listener, one thread at a time and items in their order.
class Announcer {
 public:
  Announcer(const Listener& listener, const std::vector<Item>& items)
      : listener_(listener), items_(items), finished_(items.size(), false) {
    progress_.total = items.size();
  }

  void received(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    progress_.bytes += bytes;
    if (listener_.progress) listener_.progress(progress_);
  }
  void finished(std::size_t index) {
    const std::scoped_lock lock(mutex_);
    finished_[index] = true;
    ++progress_.done;
    for (; next_ < items_.size() && finished_[next_]; ++next_) {
      if (listener_.item) listener_.item(items_[next_]);
    }
    if (listener_.progress) listener_.progress(progress_);
  }

 private:
  const Listener& listener_;
  const std::vector<Item>& items_;
  std::mutex mutex_;
  std::vector<bool> finished_;
  std::size_t next_ = 0;
  Progress progress_;
};

/// The file of \p wanted in the store \p folder, when it is the one.
fs::path find_stored(const fs::path& folder, const Wanted& wanted) {
  for (const auto& place : places_of(wanted)) {
    if (place.form != Form::Plain && place.form != Form::Sym) continue;
    auto file = folder_in(folder, wanted) / path_from_utf8(place.file);
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    if (check_identity(file, wanted.kind, place.form == Form::Sym, wanted.id).ok()) return file;
  }
  return {};
}

void remove_abandoned(const fs::path& store, const Wanted& wanted) {
  std::error_code error;
  const auto folder = folder_in(store, wanted);
  if (!fs::is_directory(folder, error)) return;
  for (const auto& place : places_of(wanted))
    platform::remove_abandoned_partials(folder / path_from_utf8(place.file), kAbandonedAfter);
}

/// Looks for one file after the other. Any number of threads, each with an item of its own.
class Fetcher {
 public:
  Fetcher(Transfers& transfers,
          std::vector<fs::path> folders,
          std::vector<Source> sources,
          const Clock& clock)
      : transfers_(transfers),
        folders_(std::move(folders)),
        sources_(std::move(sources)),
        clock_(clock),
        health_(transfers.options().limits.server_failures) {}

  void run(Item& item, const std::stop_token& stop) {
    if (auto status = check_names(item.wanted); !status.ok())
      return fail(item, status.error().message());
    for (const auto& folder : folders_) {
      item.file = find_stored(folder, item.wanted);
      if (item.file.empty()) continue;
      item.outcome = Outcome::Present;
      return;
    }
    std::size_t remembered = 0;
    for (const auto& source : sources_) {
      if (stop.stop_requested()) return fail(item, "stopped");
      auto misses =
          Misses::read(source.store, item.wanted, clock_.now(), options().limits.miss_lasts);
      if (!options().refresh && misses.has(source.server)) {
        ++remembered;
        continue;
      }
      if (ask(item, source, misses)) return;
    }
    item.remembered = item.outcome == Outcome::Missing && remembered == sources_.size();
  }

 private:
  [[nodiscard]] const Options& options() const noexcept { return transfers_.options(); }

  static void fail(Item& item, std::string why) {
    item.outcome = Outcome::Failed;
    item.reasons.push_back(std::move(why));
  }

  /// Whether \p source had it. A server that answered with nothing useful everywhere has missed it.
  bool ask(Item& item, const Source& source, Misses& misses) {
    if (health_.is_left_alone(source.server)) {
      fail(item, fmt::format("{} is left alone after {} failures in a row", source.server,
                             options().limits.server_failures));
      return false;
    }
    remove_abandoned(source.store, item.wanted);
    bool missed = true;
    for (const auto& place : places_of(item.wanted)) {
      auto stored = download(transfers_, item.wanted, source.server, place, source.store);
      if (!stored.ok()) {
        missed = false;
        const auto code = stored.error().code();
        fail(item, stored.error().message());
        if (code == Errc::Io) health_.note(source.server, false);
        if (code == Errc::Io || code == Errc::Cancelled || code == Errc::DiskFull) return false;
        continue;
      }
      health_.note(source.server, true);
      if (!*stored) continue;
      item.outcome = Outcome::Fetched;
      item.file = std::move((*stored)->file);
      item.url = std::move((*stored)->url);
      item.bytes = (*stored)->bytes;
      misses.forget();
      return true;
    }
    if (!missed) return false;
    if (const auto status = misses.add(source.server, clock_.now()); !status.ok())
      item.reasons.push_back(status.error().message());
    return false;
  }

  Transfers& transfers_;
  std::vector<fs::path> folders_;
  std::vector<Source> sources_;
  const Clock& clock_;
  Health health_;
};

/// The servers of the path, each once, with their stores.
Result<std::vector<Source>> sources_of(const Options& options) {
  std::vector<Source> sources;
  std::set<std::string> known;
  for (const auto& element : options.path) {
    if (element.server.empty()) continue;
    VIGIL_TRY(check_server(element.server, options.allow_http));
    if (options.output.empty() && element.folders.empty()) {
      return Error{Errc::Malformed,
                   fmt::format("the symbol path names no folder for what comes from {0}: "
                               "srv*FOLDER*{0}",
                               element.server)};
    }
    if (!known.insert(element.server).second) continue;
    sources.push_back(
        {element.server, options.output.empty() ? element.folders.front() : options.output});
  }
  if (sources.empty()) {
    return Error{Errc::Malformed,
                 "the symbol path names no server, as srv*C:\\symbols*https://symbols.example.com "
                 "does"};
  }
  return sources;
}

std::vector<fs::path> folders_of(const Options& options) {
  std::vector<fs::path> folders;
  if (!options.output.empty()) folders.push_back(options.output);
  for (const auto& element : options.path)
    folders.insert(folders.end(), element.folders.begin(), element.folders.end());
  return folders;
}

std::vector<Item> items_of(const std::vector<Wanted>& wanted) {
  std::vector<Item> items;
  std::set<Wanted> known;
  for (const auto& one : wanted) {
    // One file, whatever the case: two threads must not write it.
    if (known.insert({one.kind, ascii_lower(one.name), ascii_lower(one.id)}).second)
      items.push_back({.wanted = one});
  }
  return items;
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Present: return "present";
    case Outcome::Fetched: return "fetched";
    case Outcome::Missing: return "missing";
    case Outcome::Failed: break;
  }
  return "failed";
}

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::Image ? "image" : "symbols";
}

Status check_path(const Options& options) {
  const auto sources = sources_of(options);
  return sources.ok() ? Status() : Status(sources.error());
}

Result<std::vector<Item>> fetch(const std::vector<Wanted>& wanted,
                                const Options& options,
                                HttpClient& client,
                                const Clock& clock,
                                const Listener& listener,
                                std::stop_token stop) {
  VIGIL_TRY_ASSIGN(auto sources, sources_of(options));
  auto items = items_of(wanted);
  Announcer announcer(listener, items);
  Transfers transfers(client, options, stop,
                      [&](std::uint64_t bytes) { announcer.received(bytes); });
  Fetcher fetcher(transfers, folders_of(options), std::move(sources), clock);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto index = next++; index < items.size(); index = next++) {
      fetcher.run(items[index], stop);
      announcer.finished(index);
    }
  };
  {
    std::vector<std::jthread> threads;  // joined at the end of this block
    const auto count = std::min(std::max<std::size_t>(options.limits.parallel, 1), items.size());
    threads.reserve(count);
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work);
  }
  return items;
}

}  // namespace vigil::fetch
