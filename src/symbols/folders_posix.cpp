// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include <dirent.h>
#include <sys/stat.h>

#include "symbols/file_names.h"
#include "symbols/folders.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

/// Of a folder with more entries than this the rest is not seen.
constexpr std::size_t kMaxFolderEntries = 200'000;
/// Folders whose entries are kept; later ones are read again each time.
constexpr std::size_t kMaxListings = 1024;

enum class Kind : std::uint8_t { Nothing, File, Folder };

Kind kind_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return Kind::Nothing;
  return S_ISDIR(info.st_mode) ? Kind::Folder : Kind::File;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// The same for names that differ in case only (FNV-1a of 64 bits).
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(lower(c))) * 0x100'0000'01b3;
  return hash;
}

/// The names in one folder. A folder beside a dump may hold thousands of others: no allocation for
/// each.
class Listing {
 public:
  explicit Listing(const std::string& folder) {
    DIR* open = ::opendir(folder.c_str());
    if (open == nullptr) return;
    is_read_ = true;
    // Nobody else reads from this stream, which is all that readdir() asks for.
    const auto next = [open] { return ::readdir(open); };  // NOLINT(concurrency-mt-unsafe)
    for (const auto* entry = next(); entry != nullptr && entries_.size() < kMaxFolderEntries;
         entry = next()) {
      entries_.push_back({hash_of(entry->d_name), names_.size()});
      names_.append(entry->d_name).push_back('\0');
    }
    (void)::closedir(open);  // only read
    std::ranges::sort(entries_, {}, &Entry::hash);
  }

  /// Whether there is such a folder, and may be read.
  [[nodiscard]] bool is_read() const noexcept { return is_read_; }

  /// The name as the folder has it; of several the one that is spelled as \p name, or the first
  /// in the order of bytes. Empty when there is none.
  [[nodiscard]] std::string find(std::string_view name) const {
    std::string best;
    for (const auto& entry : std::ranges::equal_range(entries_, hash_of(name), {}, &Entry::hash)) {
      const std::string_view found(names_.c_str() + entry.name);
      if (found == name) return std::string(found);
      if (same_but_for_case(found, name) && (best.empty() || found < best)) best = found;
    }
    return best;
  }

 private:
  struct Entry {
    std::uint64_t hash;
    std::size_t name;  // where it begins in names_
  };
  std::vector<Entry> entries_;  // by hash
  std::string names_;           // each ends with a zero
  bool is_read_ = false;
};

}  // namespace

struct Folders::Listings {
  /// What \p folder holds, when that has been read.
  [[nodiscard]] const Listing* known(const std::string& folder) const {
    const auto found = by_folder.find(folder);
    return found == by_folder.end() ? nullptr : &found->second;
  }

  /// The folder \p name as \p folder has it; empty when it does not.
  [[nodiscard]] std::string find_folder(const std::string& folder, std::string_view name) {
    if (known(folder) == nullptr && kind_of(folder + '/' + std::string(name)) == Kind::Folder)
      return std::string(name);
    return find_listed(folder, name);
  }

  /// \p name as the listing of \p folder has it, which is made when needed.
  [[nodiscard]] std::string find_listed(const std::string& folder, std::string_view name) {
    if (const auto* listing = known(folder)) return listing->find(name);
    if (by_folder.size() >= kMaxListings) return Listing(folder).find(name);
    return by_folder.emplace(folder, Listing(folder)).first->second.find(name);
  }

  /// What \p folder holds; null when it is not there, or there is no room to keep it.
  [[nodiscard]] const Listing* read(const std::string& folder) {
    if (by_folder.size() >= kMaxListings) return nullptr;
    Listing listing(folder);
    if (!listing.is_read()) return nullptr;
    return &by_folder.emplace(folder, std::move(listing)).first->second;
  }

  std::unordered_map<std::string, Listing> by_folder;
};

Folders::Folders(std::vector<fs::path> roots)
    : roots_(std::move(roots)), listings_(std::make_unique<Listings>()) {}
Folders::~Folders() = default;

fs::path Folders::find(const fs::path& root, std::initializer_list<std::string_view> names) {
  const auto* top = listings_->known(root.native());
  if (top != nullptr && top->find(*names.begin()).empty()) return {};
  if (!std::ranges::all_of(names, is_plain_file_name)) return {};
  auto path = root.native();
  const auto go_to = [&](std::string_view name) { path.append("/").append(name); };
  const auto file_or_none = [&] {
    return kind_of(path) == Kind::File ? fs::path(std::move(path)) : fs::path();
  };
  const auto last = names.end() - 1;
  const auto listed_in = [&](const Listing& listing) {
    const auto spelled = listing.find(*last);
    if (spelled.empty()) return fs::path();
    go_to(spelled);
    return file_or_none();
  };
  // As it is spelled: that takes no listing.
  std::for_each(names.begin(), last, go_to);
  if (const auto* listing = listings_->known(path)) return listed_in(*listing);
  const auto parent_size = path.size();
  go_to(*last);
  const auto kind = kind_of(path);
  if (kind != Kind::Nothing) return kind == Kind::File ? fs::path(std::move(path)) : fs::path();

  path.resize(parent_size);
  if (const auto* listing = listings_->read(path)) return listed_in(*listing);
  path = root.native();
  for (const auto& name : names) {
    const auto spelled =
        &name == last ? listings_->find_listed(path, name) : listings_->find_folder(path, name);
    if (spelled.empty()) return {};
    go_to(spelled);
  }
  return file_or_none();
}

}  // namespace vigil::symbols
