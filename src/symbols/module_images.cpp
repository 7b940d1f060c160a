// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "symbols/image_finder.h"
#include "symbols/library.h"
#include "symbols/symbols.h"

namespace vigil::symbols {

struct ModuleImages::Budget {
  std::size_t sections_left = kMaxSections;
  std::size_t left_out = 0;

  /// Whether \p image may be kept; then it counts.
  bool take(const image::PeImage& image) {
    if (image.sections().size() > sections_left) {
      ++left_out;
      return false;
    }
    sections_left -= image.sections().size();
    return true;
  }
};

/// One module: its bytes as they were mapped, put together from the dump and from a file.
class ModuleImages::Slot final : public ByteSource {
 public:
  Slot(const snapshot::Module& module,
       snapshot::Memory& memory,
       ImageFinder& finder,
       Budget& budget)
      : module_(module), memory_(memory), finder_(finder), budget_(budget) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return module_.size; }

  /// All or nothing, since a view cannot have holes. The side that has the headers is asked first:
  /// a dump with them has the module, as the process saw it; one without has at most a few bytes of
  /// it.
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    const bool dump_first = state_.origin != ImageOrigin::File;
    auto bytes = dump_first ? from_dump(offset, size) : from_file(offset, size);
    if (bytes.size() < size) bytes = dump_first ? from_file(offset, size) : from_dump(offset, size);
    if (bytes.size() < size) return Error{Errc::NotFound, "not captured"};
    return bytes;
  }

  const image::PeImage* image() {
    if (!opened_) {
      opened_ = true;
      open();
    }
    return image_ ? &*image_ : nullptr;
  }
  [[nodiscard]] const ImageState& state() const noexcept { return state_; }

 private:
  void open() {
    state_.origin = ImageOrigin::Dump;
    auto from_memory = from_dump(0, 1).empty() ? Result<image::PeImage>(Error{Errc::NotFound, ""})
                                               : image::PeImage::open(*this, image::Layout::Mapped);
    if (!from_memory.ok()) {
      state_.origin = find_file() != nullptr ? ImageOrigin::File : ImageOrigin::None;
      if (state_.origin == ImageOrigin::None) return;
      from_memory = image::PeImage::open(*this, image::Layout::Mapped);
    }
    if (from_memory.ok() && budget_.take(*from_memory)) {
      image_ = std::move(from_memory).take();
    } else {
      state_.origin = ImageOrigin::None;
    }
  }

  ByteView from_dump(std::uint64_t offset, std::uint64_t size) {
    if (offset >= module_.size || size > module_.size - offset) return {};
    return memory_.at(module_.base + offset, size);
  }

  ByteView from_file(std::uint64_t offset, std::uint64_t size) {
    const auto* file = find_file();
    return file != nullptr ? file->image.at(offset, size) : ByteView{};
  }

  const ImageFile* find_file() {
    if (!searched_) {
      searched_ = true;
      file_ = finder_.find(module_, state_.refused);
      if (file_ && !budget_.take(file_->image)) file_.reset();
      if (file_) state_.file = file_->path;
    }
    return file_ ? &*file_ : nullptr;
  }

  const snapshot::Module& module_;
  snapshot::Memory& memory_;
  ImageFinder& finder_;
  Budget& budget_;
  std::optional<ImageFile> file_;
  std::optional<image::PeImage> image_;
  ImageState state_;
  bool opened_ = false;
  bool searched_ = false;
};

ModuleImages::ModuleImages(const std::vector<snapshot::Module>& modules,
                           snapshot::Memory& memory,
                           Library& library)
    : finder_(std::make_unique<ImageFinder>(library.impl_->folders,
                                            library.impl_->paths.module_paths,
                                            library.impl_->paths.index_cache)),
      budget_(std::make_unique<Budget>()) {
  slots_.reserve(modules.size());
  for (const auto& module : modules)
    slots_.push_back(std::make_unique<Slot>(module, memory, *finder_, *budget_));
}

ModuleImages::~ModuleImages() = default;

const image::PeImage* ModuleImages::image(std::size_t index) {
  VIGIL_CHECK(index < slots_.size());
  return slots_[index]->image();
}

const ImageState& ModuleImages::state(std::size_t index) const {
  VIGIL_CHECK(index < slots_.size());
  return slots_[index]->state();
}

std::size_t ModuleImages::left_out() const noexcept {
  return budget_->left_out;
}

}  // namespace vigil::symbols
