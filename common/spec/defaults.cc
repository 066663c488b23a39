#include "common/spec/defaults.h"

#include "common/tables/ctr_tables.h"

namespace paceline {
namespace {

void CnnDefaults(v1::DataFormat format, v1::CnnSpec* cnn) {
  const bool shapeless =
      cnn->image_channels() == 0 && cnn->image_height() == 0 && cnn->image_width() == 0;
  if (format == v1::DATA_FORMAT_CIFAR10 && shapeless) {
    cnn->set_image_channels(3);
    cnn->set_image_height(32);
    cnn->set_image_width(32);
  }
  for (v1::ConvSpec& conv : *cnn->mutable_conv()) {
    if (conv.kernel() == 0) {
      conv.set_kernel(3);
    }
    if (conv.stride() == 0) {
      conv.set_stride(1);
    }
    if (conv.pool() == 0) {
      conv.set_pool(2);
    }
  }
}

bool IsNetwork(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_MLP || kind == v1::MODEL_KIND_CNN;
}

// Whether the model has vectors of model.factors values.
bool HasFactors(v1::ModelKind kind) {
  return kind == v1::MODEL_KIND_FM || kind == v1::MODEL_KIND_MF || IsCtrModel(kind);
}

void LmDefaults(v1::LmSpec* lm) {
  if (lm->context() == 0) {
    lm->set_context(128);
  }
  if (lm->layers() == 0) {
    lm->set_layers(2);
  }
  if (lm->heads() == 0) {
    lm->set_heads(4);
  }
  if (lm->width() == 0) {
    lm->set_width(128);
  }
  if (lm->positions() == v1::POSITIONS_UNSPECIFIED) {
    lm->set_positions(v1::POSITIONS_ROTARY);
  }
}

// `model` has its initializer.
void LibraryDefaults(v1::ModelSpec* model) {
  for (v1::LibraryTableSpec& table : *model->mutable_library()->mutable_tables()) {
    if (table.kind() == v1::TABLE_KIND_UNSPECIFIED) {
      table.set_kind(v1::TABLE_KIND_DENSE);
    }
    if (table.initializer().kind() == v1::INITIALIZER_KIND_UNSPECIFIED) {
      *table.mutable_initializer() = model->initializer();
    }
  }
}

void SparseDefaults(v1::SparseSpec* sparse) {
  if (sparse->admit_after() == 0) {
    sparse->set_admit_after(1);
  }
  if (sparse->on_full() == v1::ON_FULL_UNSPECIFIED) {
    sparse->set_on_full(v1::ON_FULL_FAIL);
  }
  for (v1::TableSparseSpec& table : *sparse->mutable_tables()) {
    if (table.admit_after() == 0) {
      table.set_admit_after(sparse->admit_after());
    }
    if (!table.has_evict_after_iterations()) {
      table.set_evict_after_iterations(sparse->evict_after_iterations());
    }
    if (!table.has_memory()) {
      table.set_memory(sparse->memory());
    }
    if (table.on_full() == v1::ON_FULL_UNSPECIFIED) {
      table.set_on_full(sparse->on_full());
    }
  }
}

void ModelDefaults(v1::ModelSpec* model) {
  const v1::ModelKind kind = model->kind();
  const bool keyed = kind != v1::MODEL_KIND_UNSPECIFIED && kind != v1::MODEL_KIND_LAYERS &&
                     kind != v1::MODEL_KIND_LIBRARY;
  if (keyed && model->table() == v1::TABLE_KIND_UNSPECIFIED) {
    model->set_table(HasFactors(kind) ? v1::TABLE_KIND_SPARSE : v1::TABLE_KIND_DENSE);
  }
  if ((IsNetwork(kind) || IsCtrModel(kind)) && model->activation() == v1::ACTIVATION_UNSPECIFIED) {
    model->set_activation(v1::ACTIVATION_RELU);
  }
  if (HasFactors(kind) && model->factors() == 0) {
    model->set_factors(8);
  }
  if (kind == v1::MODEL_KIND_FM && model->loss() == v1::LOSS_UNSPECIFIED) {
    model->set_loss(v1::LOSS_LOGISTIC);
  }
  if (kind == v1::MODEL_KIND_DCN && model->cross_layers() == 0) {
    model->set_cross_layers(3);
  }
  if (kind == v1::MODEL_KIND_LM) {
    LmDefaults(model->mutable_lm());
  }
  if (kind == v1::MODEL_KIND_COUNTING) {
    if (model->rows() == 0) {
      model->set_rows(64);
    }
    if (model->dim() == 0) {
      model->set_dim(4);
    }
  }
  if (kind == v1::MODEL_KIND_UNSPECIFIED ||
      model->initializer().kind() != v1::INITIALIZER_KIND_UNSPECIFIED) {
    return;
  }
  v1::InitializerSpec* initializer = model->mutable_initializer();
  if (IsNetwork(kind)) {
    initializer->set_kind(model->activation() == v1::ACTIVATION_RELU ? v1::INITIALIZER_KIND_HE
                                                                     : v1::INITIALIZER_KIND_XAVIER);
  } else if (HasFactors(kind)) {
    initializer->set_kind(v1::INITIALIZER_KIND_NORMAL);
    if (initializer->scale() == 0) {
      initializer->set_scale(kind == v1::MODEL_KIND_MF ? 0.1F : 0.01F);
    }
  } else if (kind == v1::MODEL_KIND_LM) {
    initializer->set_kind(v1::INITIALIZER_KIND_NORMAL);
    if (initializer->scale() == 0) {
      initializer->set_scale(0.02F);
    }
  } else {
    initializer->set_kind(v1::INITIALIZER_KIND_ZEROS);
  }
}

void FileDefaults(v1::DataFile* file) {
  const bool csv = file->format() == v1::DATA_FORMAT_CSV;
  if (csv && file->label().empty()) {
    file->set_label("-1");
  }
  if ((csv || file->format() == v1::DATA_FORMAT_RATINGS) && file->delimiter().empty()) {
    file->set_delimiter(",");
  }
}

void CategoryDefaults(v1::DataSpec* data) {
  const bool criteo = data->train().format() == v1::DATA_FORMAT_CRITEO;
  if (!criteo && data->train().categories().empty()) {
    return;
  }
  if (data->hash_buckets() == 0) {
    data->set_hash_buckets(uint64_t{1} << 20);
  }
  if (!data->has_log_numbers()) {
    data->set_log_numbers(criteo);
  }
}

void DataDefaults(const v1::ModelSpec& model, v1::DataSpec* data) {
  CategoryDefaults(data);
  if (model.kind() == v1::MODEL_KIND_LM && data->features() == 0) {
    // A record is a window of bytes and the byte behind it.
    data->set_features(uint64_t{model.lm().context()} + 1);
  }
  if (!data->has_scale()) {
    data->set_scale(1);
  }
  if (data->has_train()) {
    FileDefaults(data->mutable_train());
  }
  if (data->has_eval()) {
    FileDefaults(data->mutable_eval());
  }
  if (data->on_bad_record() == v1::BAD_RECORD_POLICY_UNSPECIFIED) {
    data->set_on_bad_record(v1::BAD_RECORD_POLICY_FAIL);
  }
  if (data->on_bad_record() == v1::BAD_RECORD_POLICY_SKIP && !data->has_max_bad_records()) {
    data->set_max_bad_records(100);
  }
  if (!data->has_shuffle()) {
    data->set_shuffle(true);
  }
}

void ScheduleDefaults(v1::ScheduleSpec* schedule) {
  if (schedule->kind() == v1::SCHEDULE_KIND_UNSPECIFIED) {
    schedule->set_kind(v1::SCHEDULE_KIND_CONSTANT);
  }
  if (schedule->kind() == v1::SCHEDULE_KIND_STEP && !schedule->has_gamma()) {
    schedule->set_gamma(0.1);
  }
}

void AdamDefaults(v1::OptimizerSpec* optimizer) {
  if (!optimizer->has_beta1()) {
    optimizer->set_beta1(0.9);
  }
  if (!optimizer->has_beta2()) {
    optimizer->set_beta2(0.999);
  }
  if (!optimizer->has_epsilon()) {
    optimizer->set_epsilon(1e-8);
  }
}

v1::OptimizerKind DefaultOptimizer(v1::ModelKind model) {
  switch (model) {
    case v1::MODEL_KIND_COUNTING:
      return v1::OPTIMIZER_KIND_ADD;
    case v1::MODEL_KIND_KMEANS:
      return v1::OPTIMIZER_KIND_SUM;
    default:
      return v1::OPTIMIZER_KIND_SGD;
  }
}

void OptimizerDefaults(v1::ModelKind model, v1::OptimizerSpec* optimizer) {
  if (optimizer->kind() == v1::OPTIMIZER_KIND_UNSPECIFIED) {
    optimizer->set_kind(DefaultOptimizer(model));
  }
  if (optimizer->kind() == v1::OPTIMIZER_KIND_ADD || optimizer->kind() == v1::OPTIMIZER_KIND_SUM) {
    return;
  }
  if (!optimizer->has_learning_rate()) {
    optimizer->set_learning_rate(0.01);
  }
  ScheduleDefaults(optimizer->mutable_schedule());
  switch (optimizer->kind()) {
    case v1::OPTIMIZER_KIND_MOMENTUM:
      if (!optimizer->has_momentum()) {
        optimizer->set_momentum(0.9);
      }
      break;
    case v1::OPTIMIZER_KIND_ADAGRAD:
      if (!optimizer->has_epsilon()) {
        optimizer->set_epsilon(1e-10);
      }
      break;
    case v1::OPTIMIZER_KIND_RMSPROP:
      if (!optimizer->has_rho()) {
        optimizer->set_rho(0.9);
      }
      if (!optimizer->has_epsilon()) {
        optimizer->set_epsilon(1e-8);
      }
      break;
    case v1::OPTIMIZER_KIND_ADAM:
      AdamDefaults(optimizer);
      break;
    case v1::OPTIMIZER_KIND_ADAMW:
      AdamDefaults(optimizer);
      if (!optimizer->has_weight_decay()) {
        optimizer->set_weight_decay(0.01);
      }
      break;
    case v1::OPTIMIZER_KIND_FTRL:
      if (!optimizer->has_epsilon()) {
        optimizer->set_epsilon(1);
      }
      break;
    default:
      break;
  }
}

void TrainDefaults(v1::ModelKind model, v1::TrainSpec* train) {
  if (train->global_batch() == 0) {
    train->set_global_batch(256);
  }
  if (!train->has_seed()) {
    train->set_seed(1);
  }
  OptimizerDefaults(model, train->mutable_optimizer());
  if (train->has_sparse_optimizer()) {
    OptimizerDefaults(model, train->mutable_sparse_optimizer());
  }
  if (train->precision() == v1::PRECISION_UNSPECIFIED) {
    train->set_precision(v1::PRECISION_FLOAT32);
  }
  if (!train->has_deterministic()) {
    train->set_deterministic(true);
  }
  if (train->on_non_finite() == v1::NON_FINITE_POLICY_UNSPECIFIED) {
    train->set_on_non_finite(v1::NON_FINITE_POLICY_FAIL);
  }
}

void ConsistencyDefaults(v1::ConsistencySpec* consistency) {
  if (consistency->policy() == v1::POLICY_UNSPECIFIED) {
    consistency->set_policy(v1::POLICY_BSP);
  }
  if (consistency->policy() == v1::POLICY_SSP && !consistency->has_staleness()) {
    consistency->set_staleness(4);
  }
}

void ResourceDefaults(v1::ResourceSpec* resources) {
  if (resources->workers() == 0) {
    resources->set_workers(1);
  }
  if (resources->servers() == 0) {
    resources->set_servers(1);
  }
  if (resources->device() == v1::DEVICE_KIND_UNSPECIFIED) {
    resources->set_device(v1::DEVICE_KIND_AUTO);
  }
}

void CheckpointDefaults(v1::CheckpointSpec* checkpoint) {
  if (!checkpoint->has_every_seconds()) {
    checkpoint->set_every_seconds(checkpoint->every_iterations() == 0 ? 600 : 0);
  }
  if (checkpoint->keep() == 0) {
    checkpoint->set_keep(3);
  }
}

void CompressionDefaults(v1::CompressionSpec* compression) {
  if (compression->push() == v1::CODEC_UNSPECIFIED) {
    compression->set_push(v1::CODEC_FLOAT32);
  }
  if (compression->pull() == v1::CODEC_UNSPECIFIED) {
    compression->set_pull(v1::CODEC_FLOAT32);
  }
  bool topk = compression->push() == v1::CODEC_TOPK;
  for (v1::TableCompressionSpec& table : *compression->mutable_tables()) {
    if (table.push() == v1::CODEC_UNSPECIFIED) {
      table.set_push(compression->push());
    }
    if (table.pull() == v1::CODEC_UNSPECIFIED) {
      table.set_pull(compression->pull());
    }
    topk = topk || table.push() == v1::CODEC_TOPK;
  }
  if (topk && compression->topk_ratio() == 0) {
    compression->set_topk_ratio(0.01);
  }
}

}  // namespace

v1::JobSpec WithDefaults(v1::JobSpec spec) {
  ModelDefaults(spec.mutable_model());
  if (spec.model().kind() == v1::MODEL_KIND_CNN) {
    CnnDefaults(spec.data().train().format(), spec.mutable_model()->mutable_cnn());
  }
  if (spec.model().kind() == v1::MODEL_KIND_LIBRARY) {
    LibraryDefaults(spec.mutable_model());
  }
  if (spec.model().has_sparse()) {
    SparseDefaults(spec.mutable_model()->mutable_sparse());
  }
  if (spec.has_data()) {
    DataDefaults(spec.model(), spec.mutable_data());
  }
  TrainDefaults(spec.model().kind(), spec.mutable_train());
  ConsistencyDefaults(spec.mutable_consistency());
  ResourceDefaults(spec.mutable_resources());
  CheckpointDefaults(spec.mutable_checkpoint());
  CompressionDefaults(spec.mutable_compression());
  if ((spec.has_evaluation() || spec.checkpoint().keep_best()) &&
      spec.evaluation().metric().empty()) {
    spec.mutable_evaluation()->set_metric("loss");
  }
  return spec;
}

}  // namespace paceline
