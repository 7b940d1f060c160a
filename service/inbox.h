// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "capture/capture.h"
#include "desk.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// One file of the inbox, held so that nobody else can change or exchange it.
class InboxFile {
 public:
  virtual ~InboxFile() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  [[nodiscard]] virtual Timestamp modified() const = 0;
  /// Whether somebody who may do anything on this machine put it there.
  [[nodiscard]] virtual bool is_from_administrator() const = 0;
  /// Whose file it is, in the system's words.
  [[nodiscard]] virtual std::string owner() const = 0;
  [[nodiscard]] virtual Result<std::string> read_start(std::size_t count) = 0;
  /// Into the data folder, as \p dump_file (relative, with slashes), making folders; lasting.
  [[nodiscard]] virtual Status move_to(const std::string& dump_file) = 0;
  [[nodiscard]] virtual Status remove() = 0;
};

/// The folder, as the system gives it.
class InboxFolder {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    Timestamp modified;
  };
  virtual ~InboxFolder() = default;
  /// Everything in it but folders, at most \p limit entries.
  [[nodiscard]] virtual Result<std::vector<Entry>> list(std::size_t limit) = 0;
  /// Errc::NotFound: gone. Busy: somebody still writes it. Malformed: no plain file with one name.
  [[nodiscard]] virtual Result<std::unique_ptr<InboxFile>> open(const std::string& name) = 0;
  /// Removes \p name without looking at it.
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
};

/// A process that may be the one a dump file's name tells of.
struct KnownProcess {
  Timestamp start;
  rules::ProcessFacts facts;
};

/// Takes dumps out of the inbox and into the store. Its content is hostile: names, sizes, kinds of
/// file and event files are checked, everything is bounded, and what cannot be taken in is removed,
/// so that nothing is looked at for ever. The order of steps is: row, move, event file; a kill
/// between any two is mended by Store::recover() and by looking at the same file again. It does not
/// own what it is given.
class Inbox {
 public:
  struct Parts {
    InboxFolder& folder;
    Desk& desk;
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::function<std::optional<KnownProcess>(ProcessId, std::string_view name, Timestamp)>
        find_process;
  };
  explicit Inbox(Parts parts) : parts_(std::move(parts)) {}

  struct Outcome {
    std::size_t captured = 0;  ///< Dumps that now wait for analysis.
    bool waiting = false;      ///< Files are there that need another look later.
  };
  /// Looks at every file once.
  [[nodiscard]] Outcome scan();

 private:
  using Entry = InboxFolder::Entry;
  /// What to do with a file after a look at it.
  enum class Next : std::uint8_t { Done, Later };

  void look_at(const std::vector<Entry>& entries, Outcome& outcome);
  [[nodiscard]] Result<Next> take_event(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_checked_event(const Entry& entry,
                                                InboxFile& file,
                                                const capture::InboxEvent& event,
                                                Outcome& outcome);
  [[nodiscard]] Result<Next> take_dump_of_event(const Entry& entry,
                                                const InboxFile& file,
                                                const capture::InboxEvent& event,
                                                const Verdict& verdict,
                                                Outcome& outcome);
  [[nodiscard]] Result<Next> take_other(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_bare_dump(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_dump(const Verdict& verdict,
                                       const store::Signal& signal,
                                       InboxFile& file,
                                       const std::string& name,
                                       Outcome& outcome);
  [[nodiscard]] store::Signal signal_of_bare_dump(const Entry& entry, const InboxFile& file) const;
  [[nodiscard]] Status give_up_on_dump(const Verdict& verdict, std::string_view why);
  [[nodiscard]] Result<Next> open_failed(const Entry& entry, const Error& error);
  [[nodiscard]] Result<Next> refuse(InboxFile& file, const Entry& entry, std::string_view why);
  [[nodiscard]] Result<Next> refuse_with_dump(InboxFile& file,
                                              const Entry& entry,
                                              const capture::InboxEvent& event,
                                              std::string_view why);
  [[nodiscard]] bool has_settled(const Entry& entry);
  [[nodiscard]] bool is_older_than(const Entry& entry, Microseconds age) const;
  void refuse_excess(std::vector<Entry>& entries);
  void fail(const std::string& name, const Error& error);

  Parts parts_;
  struct Size {
    std::uint64_t bytes = 0;
    Timestamp since;
  };
  std::map<std::string, Size> sizes_;    // of bare dumps
  std::map<std::string, int> failures_;  // to take a file in, in a row
};

/// `dumps/2026/11/17-OrdersApi.exe-1234.dmp.zst`: where the dump of a row lies, relative to the
/// data folder.
[[nodiscard]] std::string dump_file_name(store::CaptureId id,
                                         std::string_view process,
                                         ProcessId pid,
                                         Timestamp at,
                                         std::string_view inbox_name);

}  // namespace vigil::service
