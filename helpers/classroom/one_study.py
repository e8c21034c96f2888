"""The one study that a laptop sees, whatever else the database holds."""

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage

from helpers.classroom.limits import Refused, refuse_unless


class OneStudy(BaseStorage):
    """An Optuna storage, restricted to one study, which can't be deleted. Subclasses write to it."""

    def __init__(self, storage, name):
        self.storage, self.name = storage, name
        self.study_id = storage.get_study_id_from_name(name)

    def own(self, study_id):
        if study_id != self.study_id:
            raise KeyError(f'there is one study here, "{self.name}"')
        return study_id

    def create_new_study(self, directions, study_name=None):
        refuse_unless(study_name == self.name, f'there is one study here, "{self.name}"; a laptop can\'t make another')
        raise DuplicatedStudyError(f"{self.name} exists")  # so that the laptop loads it

    def delete_study(self, study_id):
        raise Refused("a laptop can't delete the study of the class")

    def get_trial(self, trial_id):
        trial = self.storage.get_trial(trial_id)
        if self.storage.get_trial_id_from_study_id_trial_number(self.study_id, trial.number) != trial_id:
            raise KeyError(f"trial {trial_id} belongs to another study")
        return trial

    def get_all_studies(self):
        return [study for study in self.storage.get_all_studies() if study.study_name == self.name]

    def get_study_id_from_name(self, study_name):
        return self.own(self.storage.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id):
        return self.storage.get_study_name_from_id(self.own(study_id))

    def get_study_directions(self, study_id):
        return self.storage.get_study_directions(self.own(study_id))

    def get_study_user_attrs(self, study_id):
        return self.storage.get_study_user_attrs(self.own(study_id))

    def get_study_system_attrs(self, study_id):
        return self.storage.get_study_system_attrs(self.own(study_id))
