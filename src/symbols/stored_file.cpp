// SPDX-License-Identifier: Apache-2.0
#include "symbols/stored_file.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "symbols/file_names.h"

namespace vigil::symbols {
namespace {

namespace fs = std::filesystem;

constexpr bool kIsWindows = fs::path::preferred_separator == '\\';
/// A `file.ptr` is one path or one sentence.
constexpr std::uint64_t kMaxPointerBytes = 4096;
/// The largest PDBs have as much; they are mapped, not loaded.
constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{1} << 30;
/// Of the cache, which has the indexes of `.sym` files beside it.
constexpr std::string_view kUnpackedFolder = "unpacked";

using Open = std::function<bool(const fs::path&)>;

bool is_file(const fs::path& path) {
  std::error_code error;
  return !path.empty() && fs::is_regular_file(path, error);
}

/// Where a `file.ptr` may lead: to this machine's own disks. Which folders are searched is the
/// user's choice, but the pointer may have come with a dump, and a share would be sent this
/// account's credentials.
bool may_follow(std::string_view target) {
  return kIsWindows ? is_local_file_path(target) : target.starts_with('/');
}

class Search {
 public:
  Search(const StoredFile& file,
         const fs::path& cache,
         std::vector<std::string>& refused,
         const Open& open)
      : file_(file), cache_(cache), refused_(refused), open_(open) {}

  /// The file that the one at \p pointer names: one step, a pointer is not followed to another.
  bool follow(const fs::path& pointer) {
    if (!is_file(pointer)) return false;
    const auto text = platform::read_file(pointer, kMaxPointerBytes);
    if (!text.ok()) return refuse(text.error().message());
    const auto line = std::string_view(*text).substr(0, text->find_first_of("\r\n"));
    constexpr std::string_view kPath = "PATH:", kMessage = "MSG:";
    const auto shown = utf8_from_path(pointer);
    if (line.starts_with(kMessage)) {
      return refuse(
          fmt::format("{} says: {}", shown, printable_utf8(line.substr(kMessage.size()))));
    }
    if (!line.starts_with(kPath)) return refuse(fmt::format("{} names no path", shown));
    const auto target = line.substr(kPath.size());
    if (!may_follow(target)) {
      return refuse(fmt::format("{} names {}, which is not on this machine's own disks", shown,
                                printable_utf8(target)));
    }
    const auto path = path_from_utf8(target);
    if (!is_file(path)) {
      return refuse(fmt::format("{} names {}, which is not there", shown, printable_utf8(target)));
    }
    return open_(path);
  }

  /// What is in the cabinet \p packed.
  bool unpack(const fs::path& packed) {
    if (!is_file(packed)) return false;
    if (cache_.empty()) {
      return refuse(fmt::format("{} is compressed, and there is no symbol cache to unpack it into",
                                utf8_from_path(packed)));
    }
    const auto target = cache_ / path_from_utf8(kUnpackedFolder) / path_from_utf8(file_.name) /
                        path_from_utf8(file_.id) / path_from_utf8(file_.name);
    if (is_file(target) && open_(target)) return true;
    if (const auto status = expand(packed, target); !status.ok())
      return refuse(fmt::format("{}: {}", utf8_from_path(packed), status.error().message()));
    if (open_(target)) return true;
    std::error_code ignored;  // of another build: at worst it is unpacked again
    fs::remove(target, ignored);
    return false;
  }

 private:
  bool refuse(std::string why) {
    refused_.push_back(std::move(why));
    return false;
  }

  static Status expand(const fs::path& packed, const fs::path& target) {
    VIGIL_TRY_ASSIGN(const auto cabinet, platform::MappedFile::open(packed));
    VIGIL_TRY(platform::create_folders(target.parent_path()));
    VIGIL_TRY_ASSIGN(auto file, platform::PartialFile::create(target));
    VIGIL_TRY_ASSIGN(const auto size, platform::expand_cabinet(cabinet->bytes(), kMaxUnpackedBytes,
                                                               [&](std::string_view bytes) {
                                                                 return file.write(bytes);
                                                               }));
    (void)size;  // it is checked against what the cabinet says already
    return file.keep();
  }

  const StoredFile& file_;
  const fs::path& cache_;
  std::vector<std::string>& refused_;
  const Open& open_;
};

}  // namespace

bool open_substitute(Folders& folders,
                     const StoredFile& file,
                     const fs::path& cache,
                     std::vector<std::string>& refused,
                     const Open& open) {
  constexpr std::size_t kTierName = 2;
  constexpr std::string_view kPointer = "file.ptr";
  if (!is_plain_file_name(file.name) || !is_plain_file_name(file.id)) return false;
  Search search(file, cache, refused, open);
  const auto packed = compressed_file_name(file.name);
  const auto tier = file.name.substr(0, kTierName);
  for (const auto& root : folders.roots()) {
    if (search.unpack(folders.find(root, {file.name, file.id, packed})) ||
        search.follow(folders.find(root, {file.name, file.id, kPointer})) ||
        search.unpack(folders.find(root, {tier, file.name, file.id, packed})) ||
        search.follow(folders.find(root, {tier, file.name, file.id, kPointer})) ||
        search.unpack(folders.find(root, {packed}))) {
      return true;
    }
  }
  return false;
}

}  // namespace vigil::symbols
