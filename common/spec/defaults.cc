#include "common/spec/defaults.h"

namespace paceline {
namespace {

void ModelDefaults(v1::ModelSpec* model) {
  const v1::ModelKind kind = model->kind();
  const bool keyed = kind != v1::MODEL_KIND_UNSPECIFIED && kind != v1::MODEL_KIND_LAYERS;
  if (keyed && model->table() == v1::TABLE_KIND_UNSPECIFIED) {
    model->set_table(kind == v1::MODEL_KIND_FM ? v1::TABLE_KIND_SPARSE : v1::TABLE_KIND_DENSE);
  }
  if (kind == v1::MODEL_KIND_MLP && model->activation() == v1::ACTIVATION_UNSPECIFIED) {
    model->set_activation(v1::ACTIVATION_RELU);
  }
  if (kind == v1::MODEL_KIND_FM) {
    if (model->factors() == 0) {
      model->set_factors(8);
    }
    if (model->loss() == v1::LOSS_UNSPECIFIED) {
      model->set_loss(v1::LOSS_LOGISTIC);
    }
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
  if (kind == v1::MODEL_KIND_MLP) {
    initializer->set_kind(model->activation() == v1::ACTIVATION_RELU ? v1::INITIALIZER_KIND_HE
                                                                     : v1::INITIALIZER_KIND_XAVIER);
  } else if (kind == v1::MODEL_KIND_FM) {
    initializer->set_kind(v1::INITIALIZER_KIND_NORMAL);
    if (initializer->scale() == 0) {
      initializer->set_scale(0.01F);
    }
  } else {
    initializer->set_kind(v1::INITIALIZER_KIND_ZEROS);
  }
}

void FileDefaults(v1::DataFile* file) {
  if (file->format() != v1::DATA_FORMAT_CSV) {
    return;
  }
  if (file->label().empty()) {
    file->set_label("-1");
  }
  if (file->delimiter().empty()) {
    file->set_delimiter(",");
  }
}

void DataDefaults(v1::DataSpec* data) {
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

void OptimizerDefaults(v1::ModelKind model, v1::OptimizerSpec* optimizer) {
  if (optimizer->kind() == v1::OPTIMIZER_KIND_UNSPECIFIED) {
    optimizer->set_kind(model == v1::MODEL_KIND_COUNTING ? v1::OPTIMIZER_KIND_ADD
                                                         : v1::OPTIMIZER_KIND_SGD);
  }
  if (optimizer->kind() == v1::OPTIMIZER_KIND_ADD) {
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
  if (spec.has_data()) {
    DataDefaults(spec.mutable_data());
  }
  TrainDefaults(spec.model().kind(), spec.mutable_train());
  ConsistencyDefaults(spec.mutable_consistency());
  ResourceDefaults(spec.mutable_resources());
  CheckpointDefaults(spec.mutable_checkpoint());
  CompressionDefaults(spec.mutable_compression());
  return spec;
}

}  // namespace paceline
