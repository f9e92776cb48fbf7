#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "source/dataset_source.hpp"
#include "source/publish/table_body.hpp"

namespace bowshot {

inline constexpr std::string_view kPublishedKind = "published";

/// A table that was published: one version, until another takes its place.
class PublishedSource : public DatasetSource {
 public:
  explicit PublishedSource(std::shared_ptr<const Dataset> dataset) : dataset_(std::move(dataset)) {}
  Result<std::shared_ptr<const Dataset>> current() override { return dataset_; }
  std::string_view description() const override { return "a published table"; }
  std::string_view kind() const override { return kPublishedKind; }

 private:
  const std::shared_ptr<const Dataset> dataset_;  // shared with the answers under way
};

/// Where published tables are: in memory, within a limit, or as Parquet in a folder, where they
/// survive the process. What is acknowledged is on the disk, whole; a replacement is there at once
/// or not at all. Safe from any thread.
class PublishStore {
 public:
  /// `folder` empty: memory. One process at a time uses a folder; what one that was killed left
  /// half done is removed.
  static Result<std::unique_ptr<PublishStore>> make(std::string folder, int64_t memory_bytes_max);
  ~PublishStore();
  PublishStore(const PublishStore&) = delete;
  PublishStore& operator=(const PublishStore&) = delete;

  /// What the folder holds, by name.
  Result<std::map<std::string, std::shared_ptr<DatasetSource>>> load() const;

  /// A table that was written down, but that no one sees yet. Not kept: as if it had not been.
  class Draft {
   public:
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    const std::shared_ptr<const Dataset>& dataset() const { return dataset_; }

   private:
    friend class PublishStore;
    Draft() = default;
    std::string path_;  // of the temporary file; empty: in memory, or kept
    int descriptor_ = -1;
    int64_t bytes_ = 0;
    std::shared_ptr<const Dataset> dataset_;
  };
  /// Reads a body to its end and writes it as Parquet. Errors: `bad_data`, `out_of_space`,
  /// `out_of_memory`, those of `chunks`.
  Result<std::unique_ptr<Draft>> write(const std::string& name, TableFormat format,
                                       BodyChunks chunks, const StopToken& stop);
  /// The batches of a reader in this process: written as Parquet where there is a folder, else kept
  /// as they are.
  Result<std::unique_ptr<Draft>> write(const std::string& name,
                                       std::shared_ptr<arrow::RecordBatchReader> batches,
                                       const StopToken& stop);
  /// Whether a change is still wanted, looked at while no other change can come between.
  using Check = std::function<Result<void>()>;
  /// Puts a draft in its place, durably, and shows it before any other draft of that name; or
  /// nothing, with the error of `check`.
  Result<void> keep(const std::string& name, Draft& draft, const Check& check,
                    const std::function<void(std::shared_ptr<DatasetSource>)>& show);
  /// Forgets a table, durably, then hides it; or nothing, with the error of `check`.
  Result<void> remove(const std::string& name, const Check& check,
                      const std::function<void()>& hide);

 private:
  PublishStore(std::string folder, int64_t memory_bytes_max)
      : folder_(std::move(folder)), memory_bytes_max_(memory_bytes_max) {}
  std::string path_of(const std::string& name) const;
  Result<std::unique_ptr<Draft>> write_parquet(const std::string& name, TableBody& body);
  Result<std::unique_ptr<Draft>> keep_in_memory(const std::string& name, TableBody& body);
  Error out_of_room(int64_t bytes_left) const;
  Result<int> make_file(std::string* path) const;
  int64_t memory_bytes_left() const;

  const std::string folder_;
  const int64_t memory_bytes_max_;
  int lock_ = -1;             // of the folder
  mutable std::mutex mutex_;  // guards what follows; held while a file is put in its place
  std::map<std::string, int64_t> memory_bytes_;  // of the tables in memory
};

}  // namespace bowshot
